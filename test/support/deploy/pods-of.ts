import type { PodSpec } from './pod.ts';
import type { KubernetesObject } from './render-chart.ts';

/** A pod as some object will make it, or as it stands in the render itself. */
export interface RenderedPod {
  /** Such as `CronJob/t-partitiond`. */
  readonly owner: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: PodSpec;
}

/** Every pod that the objects lead to, in their order: of workloads, Jobs, CronJobs and bare pods such as that of `helm test`. */
export function podsOf(objects: readonly KubernetesObject[]): readonly RenderedPod[] {
  return objects.flatMap((object) => {
    const template = podTemplate(object);
    if (template === null) return [];
    const { labels, annotations = {} } = template.metadata;
    return [{ owner: `${object.kind}/${object.metadata.name}`, labels, annotations, spec: template.spec }];
  });
}

function podTemplate(object: KubernetesObject): PodTemplate | null {
  const spec = object['spec'] as { readonly template?: PodTemplate; readonly jobTemplate?: { readonly spec: { template: PodTemplate } } };
  switch (object.kind) {
    case 'Pod':
      return object as unknown as PodTemplate;
    case 'CronJob':
      return spec.jobTemplate?.spec.template ?? null;
    default:
      return spec?.template ?? null;
  }
}
