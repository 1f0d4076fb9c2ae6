import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** One alert as a notification carried it. */
export interface ReceivedAlert {
  readonly receiver: string;
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** When it began to fire: two notifications about one alert agree in this. */
  readonly startsAt: string;
}

/** Somebody on call who writes everything down; `await using` ends the listener. */
export interface Webhook extends AsyncDisposable {
  readonly url: string;
  /** All alerts of all notifications, in the order of arrival; one that is told again is here again. */
  readonly received: readonly ReceivedAlert[];
}

/** Listens on a free port of 127.0.0.1 for Alertmanager's notifications, version 4. */
export async function startWebhook(): Promise<Webhook> {
  const received: ReceivedAlert[] = [];
  const server = createServer((request, response) => {
    answer(request, response, received).catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    received,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, received: ReceivedAlert[]): Promise<void> {
  try {
    received.push(...(await readNotification(request)));
    response.end();
  } catch {
    response.writeHead(400).end();
  }
}

interface Notification {
  readonly receiver: string;
  readonly alerts: readonly Omit<ReceivedAlert, 'receiver'>[];
}

async function readNotification(request: IncomingMessage): Promise<readonly ReceivedAlert[]> {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) text += String(piece);
  const { receiver, alerts }: Notification = JSON.parse(text);
  return alerts.map(({ status, labels, annotations, startsAt }) => ({ receiver, status, labels, annotations, startsAt }));
}
