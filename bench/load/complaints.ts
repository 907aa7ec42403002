/** Counts errors and keeps what the first ones said. */
export class Complaints {
  errors = 0;
  readonly complaints: string[] = [];

  add(error: unknown): void {
    this.errors += 1;
    if (this.complaints.length < 5) this.complaints.push(error instanceof Error ? error.message : String(error));
  }
}
