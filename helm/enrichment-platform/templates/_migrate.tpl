{{/* A container of the migration Job, but for its name and arguments. */}}
{{- define "ep.migrate.container" -}}
image: {{ include "ep.image" (list . .Values.dagsterDaemon.image) }}
imagePullPolicy: {{ include "ep.pullPolicy" (list . .Values.dagsterDaemon.image) }}
command: [dagster]
env:
  {{- include "ep.instanceEnv" . | nindent 2 }}
resources:
  {{- toYaml .Values.migrate.resources | nindent 2 }}
securityContext:
  {{- include "ep.containerSecurity" . | nindent 2 }}
volumeMounts:
  {{- include "ep.instanceMount" . | nindent 2 }}
  - name: tmp
    mountPath: /tmp
  {{- include "ep.mounts" (list .Values) | nindent 2 }}
{{- end -}}
