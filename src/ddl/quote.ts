/**
 * The body of a DO statement in dollar quotes, with a tag that the body does not hold. Names are quoted by partition/qualified-name.ts, values by
 * partition/literal.ts.
 */
export function quoteBody(body: string): string {
  let tag = '$partitiond$';
  for (let n = 1; body.includes(tag); n += 1) tag = `$partitiond_${n}$`;
  return `${tag}${body}${tag}`;
}
