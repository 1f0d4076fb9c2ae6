{{/*
Each of these renders nothing. They refuse what values.schema.json cannot see, values that contradict one another or the way in which the
pods are made, and every message names the fix.
*/}}
{{- define "partitiond.checks" -}}
{{- include "partitiond.checkEnabled" . -}}
{{- include "partitiond.checkUrlFiles" . -}}
{{- include "partitiond.checkAddresses" . -}}
{{- include "partitiond.checkExtras" . -}}
{{- include "partitiond.checkSecrets" . -}}
{{- include "partitiond.checkScrapes" . -}}
{{- include "partitiond.checkMemory" . -}}
{{- end -}}

{{/* A parent's `condition: partitiond.enabled` leaves the whole chart out: what is rendered was switched off by nobody. */}}
{{- define "partitiond.checkEnabled" -}}
{{- if eq (toString .Values.enabled) "false" -}}
{{- fail "enabled is false, which switches off nothing by itself; the chart around this one wants `condition: partitiond.enabled`" -}}
{{- end -}}
{{- end -}}

{{/* A file below /var/run/secrets/partitiond is there only if databaseSecrets, or a mount of the user's own, puts it there. */}}
{{- define "partitiond.checkUrlFiles" -}}
{{- $values := .Values -}}
{{- range $database := ($values.config | default dict).databases -}}
{{- $path := $database.urlFile | default "" -}}
{{- $isOwn := false -}}
{{- range $values.extraVolumeMounts -}}
{{- if hasPrefix (printf "%s/" (trimSuffix "/" .mountPath)) $path -}}{{- $isOwn = true -}}{{- end -}}
{{- end -}}
{{- if and (hasPrefix "/var/run/secrets/partitiond/" $path) (not $isOwn) -}}
{{- $name := index (splitList "/" $path) 5 -}}
{{- if not (hasKey $values.databaseSecrets $name) -}}
{{- fail (printf "database %s: nothing puts a file at urlFile %s; add databaseSecrets.%s.secretName" $database.name $path $name) -}}
{{- end -}}
{{- $file := printf "/var/run/secrets/partitiond/%s/url" $name -}}
{{- if ne $path $file -}}
{{- fail (printf "database %s: nothing puts a file at urlFile %s; that of databaseSecrets.%s is %s" $database.name $path $name $file) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Probes, monitors and the preStop hook find the daemon at fixed ports, from outside of the pod. */}}
{{- define "partitiond.checkAddresses" -}}
{{- $http := (.Values.config | default dict).http | default dict -}}
{{- $admin := (.Values.config | default dict).admin | default dict -}}
{{- if and (kindIs "invalid" $http.port | not) (ne (int $http.port) 9788) -}}
{{- fail (printf "config.http.port is %v, but probes and monitors look for 9788; leave it out" $http.port) -}}
{{- end -}}
{{- if and (kindIs "invalid" $admin.port | not) (ne (int $admin.port) 9789) -}}
{{- fail (printf "config.admin.port is %v, but the preStop hook looks for 9789; leave it out" $admin.port) -}}
{{- end -}}
{{- if include "partitiond.isLoopback" $http.host -}}
{{- fail (printf "config.http.host is %s, where no probe of the kubelet arrives; leave it out" $http.host) -}}
{{- end -}}
{{- if contains "${" ($admin.host | default "" | toString) -}}
{{- fail (printf "config.admin.host is %s, but the chart sets PARTITIOND_ADMIN_HOST from it; write the address itself" $admin.host) -}}
{{- end -}}
{{- if include "partitiond.isLoopback" $admin.host -}}
{{- fail (printf "config.admin.host is %s, where the preStop hook of the kubelet does not arrive; leave it out" $admin.host) -}}
{{- end -}}
{{- end -}}

{{- define "partitiond.isLoopback" -}}
{{- if regexMatch "^(localhost|::1|(::ffff:)?127\\..*)$" (. | default "" | toString | lower) -}}true{{- end -}}
{{- end -}}

{{- define "partitiond.checkExtras" -}}
{{- $instead := dict "PGSSLMODE" "tls.mode" "NODE_OPTIONS" "heapMiB" "NODE_EXTRA_CA_CERTS" "tls.caSecret" -}}
{{- $instead = merge $instead (dict "PARTITIOND_CONFIG" "config or existingConfigMap" "PARTITIOND_ADMIN_HOST" "config.admin.host") -}}
{{- range .Values.extraEnv -}}
{{- if hasKey $instead .name -}}
{{- fail (printf "extraEnv sets %s, as the chart does; use %s instead" .name (get $instead .name)) -}}
{{- end -}}
{{- if has .name (list "PARTITIOND_HTTP_HOST" "PARTITIOND_HTTP_PORT" "PARTITIOND_ADMIN_PORT") -}}
{{- fail (printf "extraEnv sets %s, but probes, monitors and the preStop hook look for 9788 and 9789; leave it out" .name) -}}
{{- end -}}
{{- if eq .name "PARTITIOND_LEADERSHIP_ENABLED" -}}
{{- fail "extraEnv sets PARTITIOND_LEADERSHIP_ENABLED behind the back of replicaCount; set leadership.enabled in the configuration" -}}
{{- end -}}
{{- end -}}
{{- range .Values.extraVolumes -}}
{{- if has .name (list "partitiond-config" "partitiond-database" "partitiond-ca" "partitiond-tmp") -}}
{{- fail (printf "extraVolumes has a volume %s, as the chart has; give yours another name" .name) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.extraContainers (eq .Values.mode "cronjob") -}}
{{- fail "extraContainers would keep the Jobs of mode cronjob from ever completing; leave them out, or use mode deployment" -}}
{{- end -}}
{{- if and .Values.restartOnConfigChange .Values.existingConfigMap.name -}}
{{- fail "restartOnConfigChange sees config only, not what is in existingConfigMap; leave it out, the daemon reads changes by itself" -}}
{{- end -}}
{{- end -}}

{{/* What a render holds is kept in the release, and shown by `helm get`: passwords come from secrets that exist already. */}}
{{- define "partitiond.checkSecrets" -}}
{{- range .Values.extraEnv -}}
{{- $isReference := hasPrefix "$(" (.value | default "$(") -}}
{{- if and (regexMatch "(?i)(password|passwd|secret|token|secret_access_key)$" .name) (not $isReference) -}}
{{- fail (printf "extraEnv sets %s in the open; use valueFrom.secretKeyRef, or databaseSecrets for a database" .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Combinations with which Prometheus would get nothing, and nobody would say so. */}}
{{- define "partitiond.checkScrapes" -}}
{{- $isScraped := or .Values.monitoring.podMonitor.enabled .Values.monitoring.serviceMonitor.enabled -}}
{{- if and (eq .Values.mode "deployment") $isScraped .Values.networkPolicy.enabled (not .Values.networkPolicy.metricsFrom) -}}
{{- fail "networkPolicy.metricsFrom is empty, so Prometheus could not reach what monitoring finds for it; name the pods of Prometheus" -}}
{{- end -}}
{{- range $name, $monitor := pick .Values.monitoring "podMonitor" "serviceMonitor" -}}
{{- $timeout := include "partitiond.milliseconds" $monitor.scrapeTimeout | int64 -}}
{{- if and $monitor.enabled (gt $timeout (include "partitiond.milliseconds" $monitor.interval | int64)) -}}
{{- fail (printf "monitoring.%s.scrapeTimeout is %s, above the interval, %s; the operator would take no such monitor" $name $monitor.scrapeTimeout $monitor.interval) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Of a time such as 30s, as the schema lets it through. */}}
{{- define "partitiond.milliseconds" -}}
{{- mul (regexFind "^[0-9]+" . | int64) (get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000) (regexFind "[a-z]+$" .)) -}}
{{- end -}}

{{/* The heap is not all that Node.js needs: without room beside it the kernel ends the daemon before its heap is full. */}}
{{- define "partitiond.checkMemory" -}}
{{- $limit := dig "limits" "memory" "" .Values.resources | toString -}}
{{- $mebibytes := 0 -}}
{{- if hasSuffix "Gi" $limit -}}{{- $mebibytes = mulf (trimSuffix "Gi" $limit | float64) 1024 | int -}}{{- end -}}
{{- if hasSuffix "Mi" $limit -}}{{- $mebibytes = trimSuffix "Mi" $limit | float64 | int -}}{{- end -}}
{{- if and (gt $mebibytes 0) (gt (add .Values.heapMiB 64) $mebibytes) -}}
{{- fail (printf "heapMiB is %d, too near to resources.limits.memory, %s; raise the limit to heapMiB and 90Mi more" (int .Values.heapMiB) $limit) -}}
{{- end -}}
{{- end -}}

{{- define "partitiond.checkSidecar" -}}
{{- if ne .Values.mode "none" -}}
{{- fail (printf "partitiond.sidecar and mode %s would be two installations; set partitiond.mode to none" .Values.mode) -}}
{{- end -}}
{{- if not (or .Values.config .Values.existingConfigMap.name) -}}
{{- fail "partitiond.sidecar has no configuration; set partitiond.config or partitiond.existingConfigMap.name" -}}
{{- end -}}
{{- $leadership := (.Values.config | default dict).leadership | default dict -}}
{{- if eq (toString $leadership.enabled) "false" -}}
{{- fail "config.leadership.enabled is false, and every pod with the sidecar would do the same at once; leave it out" -}}
{{- end -}}
{{- end -}}
