import type { Container, PodSpec } from './pod.ts';

interface SecurityContext {
  readonly privileged?: boolean;
  readonly allowPrivilegeEscalation?: boolean;
  readonly readOnlyRootFilesystem?: boolean;
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  readonly seccompProfile?: { readonly type: string };
  readonly procMount?: string;
}

const allowedVolumes = ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret'];
const hostFields = ['hostNetwork', 'hostPID', 'hostIPC'] as const;

/**
 * What of a pod the Pod Security Standard "restricted" would refuse, and what we ask beyond it: a read-only root, a size on every emptyDir,
 * no token of the service account. One sentence each; empty when nothing.
 * Source: kubernetes.io/docs/concepts/security/pod-security-standards (restricted, which includes baseline).
 */
export function restrictedProblems(pod: PodSpec): readonly string[] {
  const inherited = (pod['securityContext'] ?? {}) as SecurityContext;
  return [
    ...hostFields.filter((field) => pod[field] === true).map((field) => `the pod has ${field}`),
    ...(pod['automountServiceAccountToken'] === false ? [] : ['the pod gets a token']),
    ...(pod['enableServiceLinks'] === false ? [] : ['the pod gets variables of every Service']),
    ...(pod.volumes ?? []).flatMap(volumeProblems),
    ...[...(pod.initContainers ?? []), ...pod.containers].flatMap((container) => containerProblems(container, inherited)),
  ];
}

/** Likewise of one container, with what it inherits from its pod: nothing for a container that must be complete in itself. */
export function containerProblems(container: Container, inherited: SecurityContext = {}): readonly string[] {
  const own = (container['securityContext'] ?? {}) as SecurityContext;
  const { capabilities = {}, runAsUser, runAsNonRoot, seccompProfile } = { ...inherited, ...own };
  const ports = (container['ports'] ?? []) as readonly { readonly hostPort?: number }[];
  const claims: readonly (readonly [boolean, string])[] = [
    [own.privileged !== true, 'is privileged'],
    [own.allowPrivilegeEscalation === false, 'may gain privileges'],
    [own.readOnlyRootFilesystem === true, 'can write to its root'],
    [runAsNonRoot === true, 'may run as root'],
    [runAsUser !== undefined && runAsUser > 0, 'has no user of its own'],
    [capabilities.drop?.includes('ALL') === true, 'keeps capabilities'],
    [(capabilities.add ?? []).every((name) => name === 'NET_BIND_SERVICE'), 'adds capabilities'],
    [['RuntimeDefault', 'Localhost'].includes(seccompProfile?.type ?? ''), 'has no seccomp profile'],
    [own.procMount === undefined || own.procMount === 'Default', 'has another /proc'],
    [ports.every(({ hostPort }) => hostPort === undefined), 'takes a port of the node'],
  ];
  return claims.filter(([holds]) => !holds).map(([, problem]) => `${container.name} ${problem}`);
}

function volumeProblems(volume: { readonly name: string; readonly emptyDir?: unknown }): readonly string[] {
  const [kind = 'nothing'] = Object.keys(volume).filter((key) => key !== 'name');
  if (!allowedVolumes.includes(kind)) return [`volume ${volume.name} is ${kind}`];
  const isSized = volume.emptyDir === undefined || Object.hasOwn(volume.emptyDir as object, 'sizeLimit');
  return isSized ? [] : [`volume ${volume.name} may fill the node`];
}
