{{/*
What the container needs, wherever it runs: in the chart's own pods and as a sidecar in somebody else's. Each of these takes the chart's
context, so that a parent chart may hand over .Subcharts.partitiond.
*/}}

{{/* The environment that the chart sets itself; `extraEnv` comes after it. */}}
{{- define "partitiond.env" -}}
- name: PARTITIOND_CONFIG
  value: /etc/partitiond/partitiond.yaml
- name: PARTITIOND_ADMIN_HOST
  value: {{ include "partitiond.adminHost" . | quote }}
- name: PGSSLMODE
  value: {{ .Values.tls.mode }}
- name: NODE_OPTIONS
  value: --max-old-space-size={{ int .Values.heapMiB }}
{{- if .Values.tls.caSecret.name }}
- name: NODE_EXTRA_CA_CERTS
  value: /var/run/secrets/partitiond-ca/ca.crt
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Where preStop arrives, which comes from outside of the pod. The variable wins over the configuration, so it says what config says. */}}
{{- define "partitiond.adminHost" -}}
{{- $admin := (.Values.config | default dict).admin | default dict -}}
{{- $admin.host | default "0.0.0.0" -}}
{{- end -}}

{{/* Of the container; with that of the pod it passes Pod Security "restricted". */}}
{{- define "partitiond.securityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{/* Whole directories, never a subPath: a file that is mounted by subPath keeps its first content for ever. */}}
{{- define "partitiond.volumeMounts" -}}
- name: partitiond-config
  mountPath: /etc/partitiond
  readOnly: true
{{- if .Values.databaseSecrets }}
- name: partitiond-database
  mountPath: /var/run/secrets/partitiond
  readOnly: true
{{- end }}
{{- if .Values.tls.caSecret.name }}
- name: partitiond-ca
  mountPath: /var/run/secrets/partitiond-ca
  readOnly: true
{{- end }}
- name: partitiond-tmp
  mountPath: /tmp
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The volumes behind partitiond.volumeMounts: a dict of `root`, the chart's context, and `configMap`, the name of the one to mount. */}}
{{- define "partitiond.volumes" -}}
{{- $values := .root.Values -}}
- name: partitiond-config
  configMap:
    name: {{ .configMap | quote }}
    items:
    - key: {{ ternary $values.existingConfigMap.key "partitiond.yaml" (ne $values.existingConfigMap.name "") | quote }}
      path: partitiond.yaml
{{- with $values.databaseSecrets }}
- name: partitiond-database
  projected:
    sources:
    {{- range $name, $secret := . }}
    - secret:
        name: {{ $secret.secretName | quote }}
        items:
        - key: {{ $secret.key | default "url" | quote }}
          path: {{ $name }}/url
    {{- end }}
{{- end }}
{{- if $values.tls.caSecret.name }}
- name: partitiond-ca
  secret:
    secretName: {{ $values.tls.caSecret.name | quote }}
    items:
    - key: {{ $values.tls.caSecret.key | quote }}
      path: ca.crt
{{- end }}
- name: partitiond-tmp
  emptyDir: { sizeLimit: 64Mi }
{{- with $values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}
