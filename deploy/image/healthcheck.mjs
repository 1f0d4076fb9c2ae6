/* oxlint-disable typescript/no-unsafe-assignment, typescript/no-unsafe-member-access, typescript/no-unsafe-call, typescript/no-unsafe-argument,
   node/no-process-env, eslint/no-restricted-properties -- not compiled, so that nothing of partitiond is loaded: JavaScript, without the types of Node. */
/**
 * HEALTHCHECK of the image, for Docker and Compose, which cannot ask over HTTP themselves; Kubernetes does and does not run this. Ends with 0
 * when /livez says that the daemon is alive, with 1 and a sentence otherwise. It knows of the listener what PARTITIOND_HTTP_HOST and
 * PARTITIOND_HTTP_PORT say: a file that sets another port needs the variable too.
 */
import process from 'node:process';

const host = process.env['PARTITIOND_HTTP_HOST'] ?? '0.0.0.0';
const name = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[host] ?? (host.includes(':') ? `[${host}]` : host);
const url = `http://${name}:${process.env['PARTITIOND_HTTP_PORT'] ?? 9788}/livez`;

try {
  const answer = await fetch(url, { signal: AbortSignal.timeout(3000) });
  if (!answer.ok) fail(`${answer.status}: ${await answer.text()}`);
} catch (error) {
  fail(String(error.cause ?? error));
}

function fail(reason) {
  process.stderr.write(`${url}: ${reason}\n`);
  process.exitCode = 1;
}
