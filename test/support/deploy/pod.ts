import type { KubernetesObject } from './render-chart.ts';

/** A container of a pod; what is inside is read by the test that knows it. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly [key: string]: unknown;
}

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly { readonly name: string; readonly emptyDir?: unknown }[];
  readonly [key: string]: unknown;
}

/** Those of the objects that run pods. */
export function workloads(objects: readonly KubernetesObject[]): readonly KubernetesObject[] {
  return objects.filter(({ kind }) => ['Deployment', 'StatefulSet', 'Job'].includes(kind));
}

/** The pod of a workload's template. */
export function podSpec(workload: KubernetesObject): PodSpec {
  const { spec } = workload as unknown as { readonly spec: { readonly template: { readonly spec: PodSpec } } };
  return spec.template.spec;
}
