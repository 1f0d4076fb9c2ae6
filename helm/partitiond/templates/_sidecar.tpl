{{/*
partitiond beside an application, for a chart that has this one as a dependency with `mode: none`:

    {{- if .Subcharts.partitiond }}
    initContainers:
    {{- include "partitiond.sidecar" .Subcharts.partitiond | nindent 6 }}
    {{- end }}
    ...
    {{- if .Subcharts.partitiond }}
    volumes:
    {{- include "partitiond.sidecarVolumes" .Subcharts.partitiond | nindent 6 }}
    {{- end }}

The `if` is for a dependency with `condition: partitiond.enabled`: with `partitiond.enabled: false` there is no such subchart.

Below Kubernetes 1.29 there are no native sidecars: "partitiond.sidecarIsNative" renders nothing, and partitiond.sidecar is a plain container
that belongs into `containers`. Lost is the order: it may start after the application and end before it, and a Job that it runs in
never completes.
*/}}
{{- define "partitiond.sidecarIsNative" -}}
{{- if semverCompare ">=1.29.0-0" .Capabilities.KubeVersion.Version -}}true{{- end -}}
{{- end -}}

{{/* A list of one container: files/sidecar-container.yaml with the image, resources, environment and mounts of the values. */}}
{{- define "partitiond.sidecar" -}}
{{- include "partitiond.checkSidecar" . -}}
{{- include "partitiond.checks" . -}}
{{- $container := .Files.Get "files/sidecar-container.yaml" | fromYaml -}}
{{- $_ := set $container "image" (include "partitiond.image" .) -}}
{{- $_ := set $container "imagePullPolicy" .Values.image.pullPolicy -}}
{{- $_ := set $container "resources" .Values.resources -}}
{{- $_ := set $container "env" (include "partitiond.env" . | fromYamlArray) -}}
{{- $_ := set $container "volumeMounts" (include "partitiond.volumeMounts" . | fromYamlArray) -}}
{{- if not (include "partitiond.sidecarIsNative" .) -}}{{- $_ := unset $container "restartPolicy" -}}{{- end -}}
{{- list $container | toYaml -}}
{{- end -}}

{{/* The volumes of that container, for the pod. Everything else of the pod belongs to the application. */}}
{{- define "partitiond.sidecarVolumes" -}}
{{- include "partitiond.checkSidecar" . -}}
{{- include "partitiond.volumes" (dict "root" . "configMap" (include "partitiond.configMapName" .)) -}}
{{- end -}}
