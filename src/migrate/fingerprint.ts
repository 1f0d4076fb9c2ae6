/** In what a fingerprint (`readFingerprint`) differs from the one that was kept. */
export type FingerprintChange = 'none' | 'definition' | 'capture';

/** `capture`: the table looks as it did, but triggers of the migration were turned off and on, or made anew, in between. */
export function compareFingerprints(kept: string, now: string): FingerprintChange {
  if (kept === now) return 'none';
  return definitionOf(kept) === definitionOf(now) ? 'capture' : 'definition';
}

/** `now` of one table with the triggers that were `kept`: a change of ours to the table does not hide what somebody did to them before. */
export function withKeptCapture(kept: string | null, now: string): string {
  return kept === null ? now : definitionOf(now) + (captureParts.exec(kept)?.[0] ?? '');
}

/** Of the table, or of each of several. */
const captureParts = /\/[0-9a-f]{32}/;

function definitionOf(fingerprint: string): string {
  return fingerprint.replaceAll(new RegExp(captureParts, 'g'), '');
}
