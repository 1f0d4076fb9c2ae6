import type { html } from 'hono/html';

/** A piece of the page, escaped. Templates are given no promises, so it is there at once. */
export type Markup = ReturnType<typeof html>;
