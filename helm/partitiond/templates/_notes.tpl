{{/*
One line for each table: what becomes of partitions past their retention. Defaults are merged as partitiond merges them: retention key by key,
a retention of null opts out, and a default grace does not bind a table that chose detach itself. A dict of `config`.
*/}}
{{- define "partitiond.retentions" -}}
{{- $defaults := (.config | default dict).defaults | default dict -}}
{{- range $database := (.config | default dict).databases }}
{{- range $table := $database.tables }}
{{- $retention := ternary $table.retention $defaults.retention (hasKey $table "retention") -}}
{{- if and (kindIs "map" $table.retention) (kindIs "map" $defaults.retention) -}}
{{- $retention = deepCopy $defaults.retention -}}
{{- /* Not merge, which takes a grace of 0 for one that is missing. */ -}}
{{- range $key, $value := $table.retention -}}{{- $_ := set $retention $key $value -}}{{- end -}}
{{- end }}
{{ $database.name }}: {{ $table.table }} {{ include "partitiond.retention" $retention }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "partitiond.retention" -}}
{{- if not . -}}
keeps everything
{{- else if eq .action "drop" -}}
keeps {{ .keep }}, then detaches and DROPS{{ include "partitiond.grace" . }}
{{- else -}}
keeps {{ .keep }}, then detaches and keeps the table
{{- end -}}
{{- end -}}

{{- define "partitiond.grace" -}}
{{- $grace := ternary .grace "7 days" (hasKey . "grace") | default "0" | toString -}}
{{- if regexMatch "^0( |$)" $grace }} at once{{ else }} after {{ $grace }}{{ end -}}
{{- end -}}

{{/* One line for each value that is allowed, and that somebody should have chosen on purpose. */}}
{{- define "partitiond.risks" -}}
{{- if contains " DROPS" (include "partitiond.retentions" (dict "config" .Values.config)) }}
retention action drop: what is dropped is gone; action detach keeps the table.
{{- end }}
{{- if eq .Values.tls.mode "disable" }}
tls.mode disable: passwords and data travel in the clear.
{{- end }}
{{- if has .Values.tls.mode (list "require" "verify-ca") }}
tls.mode {{ .Values.tls.mode }}: partitiond asks all the same who the server is; verify-full says so.
{{- end }}
{{- if and (eq .Values.mode "deployment") (lt (int .Values.replicaCount) 2) }}
replicaCount {{ int .Values.replicaCount }}: nobody takes over when its node is lost, and there is no PodDisruptionBudget.
{{- end }}
{{- if and (ne .Values.mode "cronjob") (lt (int .Values.terminationGracePeriodSeconds) 30) }}
terminationGracePeriodSeconds {{ int .Values.terminationGracePeriodSeconds }}: an orderly stop takes up to 25 seconds; below that it is cut short.
{{- end }}
{{- if eq .Values.image.repository "partitiond" }}
image.repository is still the default: `partitiond` is in no registry unless your nodes have it; name yours.
{{- end }}
{{- if not .Values.image.digest }}
image.tag {{ .Values.image.tag | default .Chart.AppVersion }}: a tag can be moved to another image; image.digest cannot.
{{- end }}
{{- if and (ne .Values.mode "cronjob") (not .Values.networkPolicy.enabled) }}
{{- $closed := ternary "networkPolicy closes it" "close it by a NetworkPolicy of your own" (eq .Values.mode "deployment") }}
networkPolicy is off: any pod that reaches port 9789 can make a daemon give up its leadership (/-/drain, no other order); {{ $closed }}.
{{- end }}
{{- if eq .Values.mode "cronjob" }}
mode cronjob: no metrics, hence no alert tells you when partitions run out; watch for failed Jobs.
{{- end }}
{{- if and (eq .Values.mode "deployment") (not .Values.monitoring.rules.enabled) }}
monitoring.rules is off: unless you loaded deploy/prometheus yourself, no alert tells you when partitions run out.
{{- end }}
{{- $leadership := (.Values.config | default dict).leadership | default dict }}
{{- if eq (toString $leadership.enabled) "false" }}
config.leadership.enabled false: nothing keeps a second instance away; a roll-out ends the old pod before it starts the new one.
{{- end }}
{{- range (.Values.config | default dict).databases }}
{{- if .url }}
database {{ .name }}: its url stands in a ConfigMap; urlFile with databaseSecrets keeps it in a Secret.
{{- end }}
{{- end }}
{{- end -}}

{{- define "partitiond.selector" -}}
app.kubernetes.io/name={{ include "partitiond.name" . }},app.kubernetes.io/instance={{ .Release.Name }}
{{- end -}}

{{- define "partitiond.notes" -}}
{{- $name := include "partitiond.fullname" . -}}
{{- $namespace := .Release.Namespace -}}
{{- if eq .Values.mode "deployment" -}}
partitiond {{ .Chart.AppVersion }} runs as Deployment {{ $name }}, {{ int .Values.replicaCount }} of them; one leads each database.

  kubectl -n {{ $namespace }} rollout status deployment/{{ $name }}
  kubectl -n {{ $namespace }} get pods -l {{ include "partitiond.selector" . }},app.kubernetes.io/component=daemon
  kubectl -n {{ $namespace }} logs -l {{ include "partitiond.selector" . }},app.kubernetes.io/component=daemon --prefix --tail=50
  kubectl -n {{ $namespace }} port-forward deployment/{{ $name }} 9788   # then http://localhost:9788/ shows the tables
{{- else if eq .Values.mode "cronjob" -}}
{{- $cronjob := include "partitiond.cronjobName" . -}}
partitiond {{ .Chart.AppVersion }} runs as CronJob {{ $cronjob }}, at {{ .Values.cronjob.schedule }} in UTC.

  kubectl -n {{ $namespace }} get jobs -l {{ include "partitiond.selector" . }},app.kubernetes.io/component=apply
  kubectl -n {{ $namespace }} create job {{ $cronjob }}-by-hand --from=cronjob/{{ $cronjob }}
  kubectl -n {{ $namespace }} logs -l {{ include "partitiond.selector" . }},app.kubernetes.io/component=apply --prefix --tail=50
{{- else -}}
partitiond {{ .Chart.AppVersion }} runs in your own pods, by the templates partitiond.sidecar and partitiond.sidecarVolumes.
{{- if not (include "partitiond.sidecarIsNative" .) }}

This is Kubernetes {{ .Capabilities.KubeVersion.Version }}, which has no native sidecars (1.29 has). The container belongs into `containers`; it may start after the
application and end before it, and a Job that it runs in never completes.
{{- end }}
{{- end }}
{{- if ne .Values.mode "none" }}

What would it do now? It only looks:

  helm test {{ .Release.Name }} -n {{ $namespace }} --logs
{{- end }}

{{- if (.Values.config | default dict).databases }}

Partitions past their retention:

{{ include "partitiond.retentions" (dict "config" .Values.config) | trim | indent 2 }}
{{- else if .Values.existingConfigMap.name }}

What becomes of partitions past their retention stands in ConfigMap {{ .Values.existingConfigMap.name }}, key {{ .Values.existingConfigMap.key }}.
{{- end }}
{{- with include "partitiond.risks" . | trim }}

Did you mean it?

{{ . | indent 2 }}
{{- end }}
{{- end -}}
