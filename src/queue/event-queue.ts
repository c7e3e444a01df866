/**
 * The port between ingest and whatever carries accepted events to the consumer. An implementation
 * promises one thing: when send() resolves, the messages are stored, unless `stores` is false.
 */
export interface EventQueue {
  /** False when messages go nowhere; the answer to the client must say so. */
  readonly stores: boolean
  /**
   * Sends whole messages; rejects when any of them may not be stored. Resolves to the bytes that wait in the
   * queue, as far as it knows.
   */
  send(messages: readonly Uint8Array[]): Promise<number>
  /** Bytes that wait in the queue. Rejects when it cannot be told. */
  backlogBytes(): Promise<number>
}
