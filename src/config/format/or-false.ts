import { type Format, format } from './format.ts';

/** What `inner` reads, or null for `false`: a threshold that never matters, a cadence that never comes. */
export function orFalse<T>(inner: Format<T>): Format<T | null> {
  return format({
    title: `${inner.title}, or \`false\``,
    allowed: `${inner.allowed}, or false`,
    schema: { anyOf: [inner.schema, { const: false }] },
    parse: (value) => (value === false || value === 'false' ? null : inner.parse(value)),
  });
}
