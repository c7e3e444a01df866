/** Every bound of the write and read path, with its unit and the reason for its value. */

/** Bytes of a request body as sent. GameAnalytics' and Unity's clients stay below 1 MB. */
export const MAX_BODY_BYTES = 1_000_000

/** Bytes of a compressed body once inflated: JSON of events shrinks to a tenth, a bomb to a thousandth. */
export const MAX_INFLATED_BODY_BYTES = 4_000_000

/** Events in one POST. Client SDKs flush 20 to 50, servers a few hundred; one message carries them all. */
export const MAX_EVENTS_PER_POST = 1_000

/** Characters of game_id and env: they are part of object names, headers and sorting keys. */
export const MAX_SCOPE_LENGTH = 64

/** Characters of user_id, session_id, device_id and event_id: room for two UUIDs and a prefix. */
export const MAX_ID_LENGTH = 128

/** Characters of the other columns (channel, country, app_version, ...): dictionary-encoded, so short. */
export const MAX_COLUMN_LENGTH = 128

/** Characters of one string inside the properties. */
export const MAX_PROPERTY_STRING_LENGTH = 4_096

/** Properties of one event, counted over all levels. */
export const MAX_PROPERTIES = 128

/** Characters of a property name. */
export const MAX_PROPERTY_NAME_LENGTH = 64

/** Levels of nesting inside the properties; a flat object is one level. */
export const MAX_PROPERTY_DEPTH = 4

/** Characters of all properties of one event as JSON, so that one event cannot fill a message. */
export const MAX_PROPERTIES_JSON_LENGTH = 32_768

/**
 * Characters of a rejected payload that are kept: more than the largest event that can be accepted, so that what is
 * quarantined can be replayed; less than a queue message in the worst alphabet.
 */
export const MAX_REJECTED_PAYLOAD_LENGTH = 40_960

/** Characters of a body that is not JSON which are kept: enough to see what sent it. */
export const MAX_UNREADABLE_BODY_LENGTH = 16_384

/**
 * How far back an event may lie, in milliseconds: 30 days of offline play. Shorter than the retention
 * of raw rows (90 days by default), so that nothing accepted is deleted at once.
 */
export const MAX_EVENT_AGE_MS = 30 * 86_400_000

/** Client clocks and networks this far off need no correction by sent_at. */
export const SKEW_TOLERANCE_MS = 60_000

/** A client clock this far ahead is taken as it is: ordinary drift. */
export const FUTURE_TOLERANCE_MS = 10 * 60_000

/** Up to here a time ahead is set to the receive time; beyond, the event is rejected. */
export const MAX_FUTURE_MS = 86_400_000

/** Platform limit of one queue message is 128,000 bytes, about 100 of them metadata. */
export const MAX_MESSAGE_BYTES = 127_000

/**
 * Bytes of a message before compression. A message is held whole, inflated, by the consumer: this bound and
 * the next keep a full queue batch of the most compressible messages within the isolate's 128 MB.
 */
export const MAX_PLAIN_MESSAGE_BYTES = 2_000_000

/** Bytes of inflated messages that one insert round of the consumer holds; a usual batch is one round. */
export const MAX_ROUND_BYTES = 8_000_000

/** Bytes of a body over the limit that are read and thrown away, so that the client reads our answer. */
export const MAX_DISCARDED_BYTES = 16_000_000

/** Queues bill by chunks of 64,000 bytes; a larger message is compressed when that saves a chunk. */
export const MESSAGE_CHUNK_BYTES = 63_800

/** How long a key that was found is trusted without asking the database again, in milliseconds. */
export const KEY_CACHE_MS = 60_000

/** How long an unknown key stays unknown, in milliseconds: short, because a new key must work soon. */
export const UNKNOWN_KEY_CACHE_MS = 5_000

/**
 * How long what was found is still trusted when the control database does not answer, in milliseconds: an outage of it
 * must not stop ingest; a key that was revoked just before it lives on for as long.
 */
export const STALE_KEY_MS = 3_600_000

/** Keys remembered per isolate; guards the memory against a stream of made-up keys. */
export const MAX_CACHED_KEYS = 10_000

/** Unknown keys remembered per isolate, apart from the known ones: made-up keys must not push those out. */
export const MAX_CACHED_UNKNOWN_KEYS = 1_000

/** Games whose parsed profile is shared by everything that names them, per isolate. */
export const MAX_PARSED_GAMES = 1_000

/** How long a request waits for what it must read in the control database, in milliseconds. */
export const CONTROL_DEADLINE_MS = 1_000

/**
 * Insert attempts that one queue batch may spend on isolating refused rows, of all games together. Each may lead to
 * a dead letter, and the platform ends an invocation at 10,000 subrequests.
 */
export const MAX_ISOLATION_INSERTS = 4_000

/** The same of one game: about 20 refused rows among 1,000; ten games can use theirs up in one batch. */
export const MAX_ISOLATION_INSERTS_PER_GAME = 400

/** Seconds that a client should wait after a 503. */
export const RETRY_AFTER_SECONDS = 5

/** Seconds that a client should wait after a 429: the rate is counted over a minute. */
export const RATE_RETRY_AFTER_SECONDS = 10

/** Events that one unit of the rate limit pays for; every POST costs at least one unit. */
export const EVENTS_PER_RATE_UNIT = 100

/**
 * Bytes of queue backlog from which ingest answers 503: the platform refuses messages at 25 GB, and what is
 * refused there is refused without warning to everybody.
 */
export const SHED_BACKLOG_BYTES = 20_000_000_000

/** How long a backlog that was seen is believed, in milliseconds. */
export const BACKLOG_CACHE_MS = 5_000

/** How long settings of a game are trusted without asking for them again: a change reaches ingest within it. */
export const SETTINGS_CACHE_MS = 10_000

/** How far the clock of a signing server may be off, in milliseconds (ANALYTICS_INGEST_SKEW of the original: 300 s). */
export const SIGNATURE_SKEW_MS = 300_000

/** Characters of a nonce: room for a UUID or 64 hex digits. */
export const MAX_NONCE_LENGTH = 128

/** Custom events of one game: three times the catalog; every isolate that serves the game holds them in memory. */
export const MAX_CUSTOM_EVENTS = 500

/** Typed attributes of one custom event: half of the properties that an event may have. */
export const MAX_CUSTOM_ATTRIBUTES = 64

/** Bytes of the custom events of one game as stored JSON: every isolate that serves the game reads and parses them. */
export const MAX_CUSTOM_EVENTS_BYTES = 256_000

/** Viewers of one live feed: with what may wait for each of them less than a tenth of the memory of its object. */
export const MAX_LIVE_VIEWERS = 20

/** Entries that one POST adds to the live feed, its last ones: as many as a client flushes at once. */
export const MAX_LIVE_ENTRIES_PER_POST = 50

/**
 * How long ingest fills a live feed after it was last told that somebody watches, in milliseconds: twice as long as
 * the feed takes to say so again, so that one lost call stops nothing.
 */
export const LIVE_WATCH_MS = 60_000

/** How long a stream of the live feed lasts, in milliseconds; then the viewer asks again, and its key is looked up again. */
export const LIVE_STREAM_MS = 15 * 60_000

/** How long entries for the live feed of a game are left out after one call failed, in milliseconds. */
export const LIVE_PAUSE_MS = 5_000

/** Rejected events that one call of the replay may examine. */
export const MAX_REPLAYED_EVENTS = 10_000

/**
 * Minor units of one payment: 10^10 dollars, far beyond any purchase in any currency. Two made-up amounts cannot
 * take a sum beyond the integers that a double holds exactly; it takes 9,008 of them.
 */
export const MAX_PAYMENT_MINOR_UNITS = 1_000_000_000_000

/** Objects that may share the counting of one game and environment: 64 take what the fastest queue delivers. */
export const MAX_SKETCH_SHARDS = 64

/** Characters of a value by which users are broken down; a longer one is cut, and counted as what is left of it. */
export const MAX_BREAKDOWN_VALUE_LENGTH = 64

/**
 * Values of a column with a count of their own on one day; all others are counted together as "other". Every country
 * has one; of app versions and channels there are tens.
 */
export const MAX_BREAKDOWN_VALUES = {
  platform: 32,
  channel: 128,
  country: 256,
  app_version: 128,
} as const

/**
 * User tokens of one day that are kept for cohorts: retention is exact up to here, beyond it is told from this many
 * users, chosen by their hash. 64 KB as stored.
 */
export const MAX_SAMPLE_TOKENS = 32_768

/** How often changed figures leave the sketches for the tables, in milliseconds. */
export const PUBLISH_INTERVAL_MS = 15_000

/** How long a shard keeps tokens before it hands them to the object that all reads ask, in milliseconds. */
export const SHARD_HANDOVER_MS = 5_000

/**
 * Batches without a rejected or filtered event of which one is logged: a line costs as much as two requests, and the
 * audit log has a row of each batch.
 */
export const CLEAN_BATCHES_PER_LINE = 16

/** How long an answer may wait for company in one message (`coalesce_ms`), in milliseconds: players notice more. */
export const MAX_COALESCE_MS = 2_000

/** Rows of one POST that goes through the coalescing object; a larger one is worth a message of its own. */
export const MAX_COALESCED_EVENTS = 20

/**
 * Characters of the rows of such a POST: a message of its own would fill half a billed chunk, and few of them make one
 * that is full.
 */
export const MAX_COALESCED_POST_CHARACTERS = 32_000

/** POSTs of one coalesced message: a queue operation is then a hundredth of what it was for each of them. */
export const MAX_COALESCED_POSTS = 256

/**
 * Characters of the rows of one coalesced message, reached by its last POST: single events with their audit rows are
 * 1,200 characters each and shrink to a seventh or less, so that a message stays one billed chunk.
 */
export const MAX_COALESCED_CHARACTERS = 400_000

/**
 * Characters of rows that one coalescing object holds, those that the queue has not taken yet among them; beyond, POSTs
 * are sent on their own. A queue that does not answer must not fill the memory.
 */
export const MAX_COALESCER_CHARACTERS = 16_000_000

/**
 * How much longer than `coalesce_ms` a POST waits for the coalescing object before it is sent on its own, in
 * milliseconds: a new object, a send to the queue and a way across a continent take less.
 */
export const COALESCER_DEADLINE_MS = 2_000

/** How long POSTs are sent on their own after the coalescing object was overloaded or silent, in milliseconds. */
export const COALESCER_PAUSE_MS = 5_000
