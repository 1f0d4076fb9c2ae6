/** The text with passwords of connection URLs and of `password=` replaced by `***`; everything a message shows passes through here. */
export function redact(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:@/]*):[^\s]*@/gi, '$1:***@').replace(/(password\s*=\s*)('[^']*'|[^\s&'"]+)/gi, '$1***');
}
