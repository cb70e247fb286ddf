{{/* What all pods have in common: security, placement, environment, volumes. */}}

{{- define "ep.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .runAsUser | int64 }}
runAsGroup: {{ .runAsGroup | int64 }}
fsGroup: {{ .fsGroup | int64 }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "ep.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Placement of a component's pods */}}
{{- define "ep.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- end -}}

{{/* A component's plain variables */}}
{{- define "ep.plainEnv" -}}
{{- range $name, $value := . }}
- name: {{ $name | quote }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}

{{/* A list of components' ConfigMaps and Secrets of variables */}}
{{- define "ep.envFrom" -}}
{{- range . }}
{{- range .envConfigMaps }}
- configMapRef:
    name: {{ .name | quote }}
{{- end }}
{{- range .envSecrets }}
- secretRef:
    name: {{ .name | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Further volumes, and where they are: of the values and of a list of components */}}
{{- define "ep.volumes" -}}
{{- range . }}
{{- range .volumes }}
{{- toYaml (list .) | nindent 0 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Of a component's pods: an autoscaler keeps nodes for pods with empty volumes that are not named */}}
{{- define "ep.emptyVolumes" -}}
{{- $names := list "tmp" }}
{{- range . }}{{- range .volumes }}{{- if hasKey . "emptyDir" }}{{- $names = append $names .name }}{{- end }}{{- end }}{{- end }}
{{- join "," $names }}
{{- end -}}

{{/* Kubernetes would refuse a pod with a mount of no volume, of runs and steps at their launch: it is said here. */}}
{{- define "ep.mounts" -}}
{{- $names := list }}
{{- $paths := list }}
{{- range . }}
{{- range .volumes }}
{{- if has .name $names }}{{ fail (printf "volumes: two of one pod are called %s" .name) }}{{ end }}
{{- $names = append $names .name }}
{{- end }}
{{- end }}
{{- range . }}
{{- range .volumeMounts }}
{{- if not (has .name $names) }}{{ fail (printf "volumeMounts: %s mounts the volume %s, which is none of `volumes` (%s)" .mountPath .name (join ", " $names)) }}{{ end }}
{{- if has .mountPath $paths }}{{ fail (printf "volumeMounts: two are at %s" .mountPath) }}{{ end }}
{{- $paths = append $paths .mountPath }}
{{- $mount := deepCopy . }}
{{- if not (hasKey $mount "readOnly") }}{{ $_ := set $mount "readOnly" true }}{{ end }}
{{- toYaml (list $mount) | nindent 0 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Dagster's home and the password of its storage; dagster-k8s gives them to runs and steps by itself */}}
{{- define "ep.instanceEnv" -}}
- name: DAGSTER_HOME
  value: {{ .Values.global.dagsterHome | quote }}
- name: DAGSTER_PG_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .Values.global.postgresqlSecretName | quote }}
      key: postgresql-password
- name: HOME
  value: /tmp
{{- end -}}

{{/* Of all that runs enrichments: code locations, runs, steps. The password is no part of the URL: settings of runs are in the arguments of their pods. */}}
{{- define "ep.enrichmentEnv" -}}
- name: ENRICHMENT_EXECUTOR
  value: kubernetes
- name: ENRICHMENT_POD_PROFILES
  value: /etc/enrichment-platform/profiles.json
- name: ENRICHMENT_HOME
  value: /tmp/enrichment
- name: NUMBA_CACHE_DIR
  value: /tmp/numba
- name: ENRICHMENT_LEDGER
  {{- if .Values.ledger.urlSecretName }}
  valueFrom:
    secretKeyRef:
      name: {{ .Values.ledger.urlSecretName | quote }}
      key: {{ .Values.ledger.urlSecretKey | quote }}
  {{- else }}
  {{- $parameters := list }}
  {{- range $key := list "sslmode" "sslrootcert" }}
  {{- with index $.Values.postgresql.postgresqlParams $key }}{{ $parameters = append $parameters (printf "%s=%s" $key (urlquery .)) }}{{ end }}
  {{- end }}
  value: {{ printf "postgresql://%s@%s:%d/%s%s" .Values.postgresql.postgresqlUsername (include "ep.postgresql.host" .) (int .Values.postgresql.service.port) (.Values.ledger.postgresqlDatabase | default .Values.postgresql.postgresqlDatabase) (ternary (printf "?%s" (join "&" $parameters)) "" (gt (len $parameters) 0)) | quote }}
- name: ENRICHMENT_LEDGER_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .Values.global.postgresqlSecretName | quote }}
      key: postgresql-password
  {{- end }}
{{- if eq .Values.lake.type "s3" }}
- name: ENRICHMENT_LAKE
  value: {{ .Values.lake.uri | quote }}
{{- with .Values.lake.region }}
- name: AWS_REGION
  value: {{ . | quote }}
{{- end }}
{{- with .Values.lake.endpointUrl }}
- name: AWS_ENDPOINT_URL
  value: {{ . | quote }}
{{- end }}
{{- else }}
- name: ENRICHMENT_LAKE
  value: {{ .Values.lake.claim.mountPath | quote }}
{{- end }}
{{- include "ep.plainEnv" .Values.env }}
{{- end -}}

{{/* (list root component...) */}}
{{- define "ep.enrichmentEnvFrom" -}}
{{- $root := index . 0 -}}
{{- include "ep.envFrom" (prepend (rest .) $root.Values) }}
{{- if and (eq $root.Values.lake.type "s3") $root.Values.lake.credentialsSecret }}
- secretRef:
    name: {{ $root.Values.lake.credentialsSecret | quote }}
{{- end }}
{{- end -}}

{{- define "ep.enrichmentVolumes" -}}
- name: instance
  configMap:
    name: {{ include "ep.fullname" . }}-instance
- name: pods
  configMap:
    name: {{ include "ep.fullname" . }}-pods
{{- if eq .Values.lake.type "claim" }}
- name: lake
  persistentVolumeClaim:
    claimName: {{ .Values.lake.claim.existingClaim | default (printf "%s-lake" (include "ep.fullname" .)) | quote }}
{{- end }}
{{- include "ep.logVolume" . }}
{{- end -}}

{{- define "ep.enrichmentMounts" -}}
{{ include "ep.instanceMount" . }}
- name: pods
  mountPath: /etc/enrichment-platform
  readOnly: true
{{- if eq .Values.lake.type "claim" }}
- name: lake
  mountPath: {{ .Values.lake.claim.mountPath }}
{{- end }}
{{- include "ep.logMount" . }}
{{- end -}}

{{- define "ep.logVolume" -}}
{{- if eq .Values.computeLogManager.type "LocalComputeLogManager" }}
- name: compute-logs
  persistentVolumeClaim:
    claimName: {{ required "computeLogManager.config.localComputeLogManager.existingClaim is needed with LocalComputeLogManager" .Values.computeLogManager.config.localComputeLogManager.existingClaim | quote }}
{{- end }}
{{- end -}}

{{- define "ep.logMount" -}}
{{- if eq .Values.computeLogManager.type "LocalComputeLogManager" }}
- name: compute-logs
  mountPath: /var/log/dagster
{{- end }}
{{- end -}}

{{/* dagster.yaml alone: a whole ConfigMap as DAGSTER_HOME would hide what the image has there */}}
{{- define "ep.instanceMount" -}}
- name: instance
  mountPath: {{ .Values.global.dagsterHome }}/dagster.yaml
  subPath: dagster.yaml
  readOnly: true
{{- end -}}

{{/* A container that waits for the bundled database; your own is there already */}}
{{- define "ep.waitForPostgresql" -}}
{{- if .Values.postgresql.enabled }}
initContainers:
  - name: wait-for-postgresql
    image: {{ include "ep.postgresql.image" . }}
    imagePullPolicy: {{ .Values.postgresql.image.pullPolicy | default "IfNotPresent" }}
    command: [sh, -c]
    args:
      - until pg_isready --quiet --timeout 2 --host {{ include "ep.postgresql.host" . }} --port {{ .Values.postgresql.service.port | int64 }}; do sleep 1; done
    resources:
      requests: {cpu: 10m, memory: 32Mi}
      limits: {memory: 32Mi}
    securityContext:
      {{- include "ep.containerSecurity" . | nindent 6 }}
{{- end }}
{{- end -}}

{{- define "ep.postgresql.host" -}}
{{- if .Values.postgresql.enabled -}}
{{ include "ep.fullname" . }}-postgresql
{{- else -}}
{{ required "postgresql.postgresqlHost is needed (or postgresql.enabled, for a trial)" .Values.postgresql.postgresqlHost }}
{{- end -}}
{{- end -}}

{{- define "ep.postgresql.image" -}}
{{- $image := .Values.postgresql.image -}}
{{- if $image.digest }}{{ printf "%s@%s" $image.repository $image.digest }}{{ else }}{{ printf "%s:%s" $image.repository $image.tag }}{{ end -}}
{{- end -}}
