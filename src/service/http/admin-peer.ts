/** What decides whether somebody may give an order. */
export interface AdminPeer {
  /** Of the other end of the connection; undefined when it is gone already. */
  readonly address: string | undefined;
  readonly path: string;
  readonly header: (name: string) => string | undefined;
}

/** The one order that a node's kubelet may give to a pod, for it calls from outside. It makes others lead, and changes nothing. */
const openPath = '/-/drain';

/**
 * Why this caller is refused; null: it is not. The admin listener has no other protection: orders come from this machine, never from a web
 * page that somebody on it has open.
 */
export function refuseAdminPeer({ address, path, header }: AdminPeer): string | null {
  // A browser sends Origin with every POST and Sec-Fetch-Site with everything to a loopback address; curl and probes send neither.
  if (header('origin') !== undefined || (header('sec-fetch-site') ?? 'none') !== 'none') return 'Requests from web pages are refused.';
  if (path === openPath || (address !== undefined && isLoopback(address))) return null;
  return `Only callers on this machine may give orders; others may ask for ${openPath}.`;
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}
