import type { ConfigNode, Report } from '../document/config-node.ts';

/** Notes names and where they were first seen; a second sighting is reported and answered with false. */
export function firstSightings(report: Report): (name: string, shown: string, node: ConfigNode) => boolean {
  const seen = new Map<string, ConfigNode>();
  return (name, shown, node) => {
    const first = seen.get(name);
    if (first === undefined) {
      seen.set(name, node);
      return true;
    }
    const line = first.line === null ? '' : ` on line ${first.line}`;
    report(node, `${shown} appears a second time, first as ${first.path}${line}; keep one of them`);
    return false;
  };
}
