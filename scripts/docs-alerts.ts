import type { GeneratedDocument } from './support/documents.ts';

/** docs/alerts.md: every alert with its severity, expression and runbook, from deploy/prometheus. */
export const alertDocuments: readonly GeneratedDocument[] = [];
