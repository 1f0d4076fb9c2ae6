/**
 * How the partition key carries time. `auto` decides by the column's type: timestamptz, timestamp, date and uuid (version 7) are time,
 * whole numbers are integers. The others say that a number or text holds an instant.
 */
export type KeyEncoding =
  | { readonly kind: 'auto' | 'integer' | 'epoch-s' | 'epoch-ms' | 'epoch-us' | 'epoch-ns' | 'uuidv7' | 'ulid' }
  | {
      readonly kind: 'snowflake';
      /** Epoch of the generator in milliseconds since 1970 UTC. */
      readonly epochMs: bigint;
      /** Bits below the millisecond count. */
      readonly shift: number;
    };
