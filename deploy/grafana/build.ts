import type { GeneratedDocument } from '../../scripts/support/documents.ts';

/** The dashboards as JSON, one file each. */
export const dashboardDocuments: readonly GeneratedDocument[] = [];
