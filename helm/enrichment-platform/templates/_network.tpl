{{/* Pods of a component as a peer of a NetworkPolicy. (list root component) */}}
{{- define "ep.peer" -}}
podSelector:
  matchLabels:
    {{- include "ep.selector" . | nindent 4 }}
{{- end -}}
