/** A line of NDJSON that is no JSON, in the place of its event: one rejected event, not a rejected batch. */
export class UnreadableLine {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}
