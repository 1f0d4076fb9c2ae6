{{/* Renders nothing. Refuses what values.schema.json cannot see: values that contradict one another. Every message names the fix. */}}
{{- define "partitiond.checks" -}}
{{- include "partitiond.checkUrlFiles" . -}}
{{- end -}}

{{- define "partitiond.checkUrlFiles" -}}
{{- $values := .Values -}}
{{- range $database := $values.config.databases | default list -}}
{{- $path := $database.urlFile | default "" -}}
{{- $mounted := false -}}
{{- range $values.extraVolumeMounts -}}
{{- if hasPrefix (printf "%s/" (trimSuffix "/" .mountPath)) $path -}}{{- $mounted = true -}}{{- end -}}
{{- end -}}
{{- if and (hasPrefix "/var/run/secrets/partitiond/" $path) (not $mounted) -}}
{{- $name := index (splitList "/" $path) 5 -}}
{{- if not (hasKey $values.databaseSecrets $name) -}}
{{- fail (printf "database %s: urlFile is %s, but databaseSecrets has no entry %s; add databaseSecrets.%s.secretName" $database.name $path $name $name) -}}
{{- end -}}
{{- $file := printf "/var/run/secrets/partitiond/%s/url" $name -}}
{{- if ne $path $file -}}
{{- fail (printf "database %s: urlFile is %s, but the file of databaseSecrets.%s is %s" $database.name $path $name $file) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
