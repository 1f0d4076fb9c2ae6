{{/*
When a second try is of no use: a wrong configuration (2), another instance that leads (5), wrong arguments (64), a bug (70). A pod that
was evicted says nothing about partitiond and does not count. Needs restartPolicy Never.
*/}}
{{- define "partitiond.podFailurePolicy" -}}
rules:
- action: FailJob
  onExitCodes:
    containerName: partitiond
    operator: In
    values: [2, 5, 64, 70]
- action: Ignore
  onPodConditions:
  - type: DisruptionTarget
    status: "True"
{{- end -}}
