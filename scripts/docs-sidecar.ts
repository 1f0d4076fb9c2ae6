import type { GeneratedDocument } from './support/documents.ts';

/** The sidecar container as chart, Kustomize component and YAML to copy, all from deploy/kubernetes/sidecar/container.yaml. */
export const sidecarDocuments: readonly GeneratedDocument[] = [];
