import type { GeneratedDocument } from './support/documents.ts';

/** What of helm/partitiond is written by a program: the schema of its values, its README, and the files that it ships from deploy/. */
export const chartDocuments: readonly GeneratedDocument[] = [];
