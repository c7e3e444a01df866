/** Queue messages to envelopes: inflate when the sender compressed, then decode. */
import { MAX_PLAIN_MESSAGE_BYTES } from '../../configs/limits.ts'
import { concatBytes } from '../event/bytes.ts'
import type { Envelope } from '../event/envelope.ts'
import { decodeEnvelope, EnvelopeError } from '../event/envelope.ts'

const GZIP_MAGIC = [0x1f, 0x8b]

function messageBytes(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body
  if (body instanceof ArrayBuffer) return new Uint8Array(body)
  throw new EnvelopeError(`the body is ${body === null ? 'null' : typeof body}, not bytes`)
}

/** Body of a message to its envelope. Throws EnvelopeError. */
export async function readEnvelope(body: unknown): Promise<Envelope> {
  const bytes = messageBytes(body)
  const compressed = GZIP_MAGIC.every((byte, index) => bytes[index] === byte)
  return decodeEnvelope(compressed ? await inflate(bytes) : bytes)
}

async function inflate(bytes: Uint8Array): Promise<Uint8Array> {
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of inflated) {
      size += chunk.byteLength
      if (size > MAX_PLAIN_MESSAGE_BYTES) break
      chunks.push(chunk)
    }
  } catch (cause) {
    throw new EnvelopeError('the gzip stream is broken', { cause })
  }
  if (size > MAX_PLAIN_MESSAGE_BYTES)
    throw new EnvelopeError('the message inflates beyond its bound')
  return concatBytes(chunks)
}
