/**
 * `text` without the passwords of connection URLs (`postgresql://user:***@host/db`) and of `password=` parameters, in whatever sentence
 * they stand: a last line of defence, since driver and resolver messages are not ours. Pure, throws nothing.
 */
export function withoutSecrets(text: string): string {
  return text.replace(urlPassword, '$1***@').replace(passwordParameter, '$1***');
}

/** User and password end at the last `@` before the path; a password may hold an unescaped `:` or `@`, never white space. */
const urlPassword = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/]*:)[^\s/]*@/gi;
const passwordParameter = /(\b(?:password|pgpassword|sslpassword)\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&,;]+)/gi;
