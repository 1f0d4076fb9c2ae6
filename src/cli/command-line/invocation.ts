/** A parsed command line: only options that the command takes, each at most once unless it may be repeated. */
export class Invocation {
  readonly operands: readonly string[];
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(operands: readonly string[], values: ReadonlyMap<string, readonly string[]>) {
    this.operands = operands;
    this.#values = values;
  }

  /** Whether the option was given, with or without a value. */
  has(option: { readonly name: string }): boolean {
    return this.#values.has(option.name);
  }

  /** The option's value, or null when it was not given. */
  value(option: { readonly name: string }): string | null {
    return this.values(option)[0] ?? null;
  }

  /** All values of a repeatable option, in order. */
  values(option: { readonly name: string }): readonly string[] {
    return this.#values.get(option.name) ?? [];
  }
}
