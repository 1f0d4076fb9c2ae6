/** Variables of the process by name; an unset one is undefined. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process. The only reader of `process.env` in partitiond, so that everything else can be given another one. */
export function processEnvironment(): Environment {
  return process.env;
}
