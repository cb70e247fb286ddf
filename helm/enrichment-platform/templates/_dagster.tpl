{{/* dagster.yaml, and what the step executor gets: the settings of dagster-k8s. */}}

{{- define "ep.dagster.storage" -}}
storage:
  postgres:
    postgres_db:
      hostname: {{ include "ep.postgresql.host" . | quote }}
      port: {{ .Values.postgresql.service.port | int64 }}
      username: {{ .Values.postgresql.postgresqlUsername | quote }}
      password:
        env: DAGSTER_PG_PASSWORD
      db_name: {{ .Values.postgresql.postgresqlDatabase | quote }}
      scheme: {{ .Values.postgresql.postgresqlScheme }}
      {{- with .Values.postgresql.postgresqlParams }}
      params:
        {{- toYaml . | nindent 8 }}
      {{- end }}
# Nothing is written beside dagster.yaml: the folder is read-only.
local_artifact_storage:
  module: dagster._core.storage.root
  class: LocalArtifactStorage
  config:
    base_dir: /tmp/dagster
telemetry:
  enabled: {{ .Values.telemetry.enabled }}
nux:
  enabled: false
{{- end -}}

{{- define "ep.dagster.settings" -}}
{{ include "ep.dagster.storage" . }}
run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
concurrency:
  runs:
    max_concurrent_runs: {{ .Values.concurrency.runs.maxConcurrentRuns | int64 }}
    {{- with .Values.concurrency.runs.tagConcurrencyLimits }}
    tag_concurrency_limits:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  pools:
    granularity: op
    default_limit: {{ .Values.concurrency.pools.defaultLimit | int64 }}
{{- with .Values.dagsterDaemon.runMonitoring }}
run_monitoring:
  enabled: {{ .enabled }}
  start_timeout_seconds: {{ .startTimeoutSeconds | int64 }}
  cancel_timeout_seconds: {{ .cancelTimeoutSeconds | int64 }}
  max_runtime_seconds: {{ .maxRuntimeSeconds | int64 }}
  poll_interval_seconds: {{ .pollIntervalSeconds | int64 }}
  free_slots_after_run_end_seconds: {{ .freeSlotsAfterRunEndSeconds | int64 }}
  # More than 0, and every process loads the launcher and needs a token; see values.yaml.
  max_resume_run_attempts: 0
{{- end }}
{{- with .Values.dagsterDaemon.runRetries }}
run_retries:
  enabled: {{ .enabled }}
  max_retries: {{ .maxRetries | int64 }}
  retry_on_asset_or_op_failure: {{ .retryOnAssetOrOpFailure }}
{{- end }}
{{- with .Values.dagsterDaemon.sensors }}
sensors:
  use_threads: {{ .useThreads }}
  num_workers: {{ .numWorkers | int64 }}
{{- end }}
{{- with .Values.dagsterDaemon.schedules }}
schedules:
  use_threads: {{ .useThreads }}
  num_workers: {{ .numWorkers | int64 }}
{{- end }}
freshness:
  enabled: true
{{- with .Values.retention }}
{{- if .enabled }}
retention:
  schedule:
    purge_after_days: {{ .schedule.purgeAfterDays | int64 }}
  sensor:
    purge_after_days: {{ .sensor.purgeAfterDays | int64 }}
{{- end }}
{{- end }}
{{- with .Values.computeLogManager }}
compute_logs:
  {{- if eq .type "NoOpComputeLogManager" }}
  module: dagster.core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
  {{- else if eq .type "LocalComputeLogManager" }}
  module: dagster.core.storage.local_compute_log_manager
  class: LocalComputeLogManager
  config:
    base_dir: /var/log/dagster
  {{- else }}
  module: {{ required "computeLogManager.config.customComputeLogManager.module is needed" .config.customComputeLogManager.module }}
  class: {{ required "computeLogManager.config.customComputeLogManager.class is needed" .config.customComputeLogManager.class }}
  config:
    {{- toYaml .config.customComputeLogManager.config | nindent 4 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* Labels and annotations of run and step pods. (list root component) */}}
{{- define "ep.workerMetadata" -}}
{{- $root := index . 0 -}}
{{- $own := index . 1 -}}
labels:
  {{- include "ep.common" $root | nindent 2 }}
  {{- with $own.labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  # Whoever shrinks the cluster waits for the end.
  cluster-autoscaler.kubernetes.io/safe-to-evict: "false"
  karpenter.sh/do-not-disrupt: "true"
  {{- with $own.annotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "ep.dagster.launcher" -}}
{{- $run := .Values.runLauncher.config.k8sRunLauncher -}}
run_launcher:
  # dagster-k8s's own; takes no run for dead while the API does not answer.
  module: enrichment_platform.stages.run_launcher
  class: PatientK8sRunLauncher
  config:
    load_incluster_config: true
    job_namespace: {{ .Release.Namespace | quote }}
    service_account_name: {{ include "ep.account" (list . "run") | quote }}
    dagster_home: {{ .Values.global.dagsterHome | quote }}
    instance_config_map: {{ include "ep.fullname" . }}-instance
    postgres_password_secret: {{ .Values.global.postgresqlSecretName | quote }}
    image_pull_policy: {{ $run.imagePullPolicy }}
    {{- with .Values.imagePullSecrets }}
    image_pull_secrets:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    # Of run pods only: the step executor has settings of its own, which replace these.
    run_k8s_config:
      container_config:
        env:
          - name: HOME
            value: /tmp
          {{- include "ep.enrichmentEnv" . | nindent 10 }}
          {{- include "ep.plainEnv" $run.env | nindent 10 }}
        {{- with include "ep.enrichmentEnvFrom" (list . $run) }}
        envFrom:
          {{- . | trim | nindent 10 }}
        {{- end }}
        resources:
          {{- toYaml $run.resources | nindent 10 }}
        securityContext:
          {{- include "ep.containerSecurity" . | nindent 10 }}
        volumeMounts:
          - name: tmp
            mountPath: /tmp
          {{- include "ep.enrichmentMounts" . | nindent 10 }}
          {{- with include "ep.mounts" (list .Values $run) | trim }}
          {{- . | nindent 10 }}
          {{- end }}
      pod_spec_config:
        automountServiceAccountToken: true
        enableServiceLinks: false
        securityContext:
          {{- include "ep.podSecurity" .Values.podSecurityContext | nindent 10 }}
        {{- with include "ep.placement" $run | trim }}
        {{- . | nindent 8 }}
        {{- end }}
        volumes:
          - name: tmp
            emptyDir:
              sizeLimit: {{ $run.disk }}
          {{- include "ep.enrichmentVolumes" . | nindent 10 }}
          {{- with include "ep.volumes" (list .Values $run) | trim }}
          {{- . | nindent 10 }}
          {{- end }}
      pod_template_spec_metadata:
        {{- include "ep.workerMetadata" (list . $run) | nindent 8 }}
      job_metadata:
        labels:
          {{- include "ep.common" . | nindent 10 }}
      job_spec_config:
        backoffLimit: 0
        activeDeadlineSeconds: {{ $run.activeDeadlineSeconds | int64 }}
        ttlSecondsAfterFinished: {{ $run.ttlSecondsAfterFinished | int64 }}
{{- end -}}

{{/* What step pods have before their profile comes on top, as YAML. (list root deployment) */}}
{{- define "ep.stepExecutor" -}}
{{- $root := index . 0 -}}
{{- $code := index . 1 -}}
{{- $step := $root.Values.stepExecutor -}}
max_concurrent: {{ $step.maxConcurrent | int64 }}
step_k8s_config:
  merge_behavior: SHALLOW
  container_config:
    env:
      - name: HOME
        value: /var/tmp
      - name: ENRICHMENT_STEP_EXECUTOR
        value: /etc/enrichment-platform/executor-{{ $code.name }}.json
      {{- if $root.Values.monitoring.podMonitor.enabled }}
      - name: ENRICHMENT_METRICS_HOST
        value: 0.0.0.0
      - name: ENRICHMENT_METRICS_PORT
        value: {{ $root.Values.monitoring.metricsPort | int64 | quote }}
      {{- end }}
      {{- include "ep.enrichmentEnv" $root | nindent 6 }}
      {{- include "ep.plainEnv" $step.env | nindent 6 }}
      {{- include "ep.plainEnv" $code.env | nindent 6 }}
    envFrom:
      {{- include "ep.enrichmentEnvFrom" (list $root $step $code) | trim | default "[]" | nindent 6 }}
    {{- if $root.Values.monitoring.podMonitor.enabled }}
    ports:
      - name: metrics
        containerPort: {{ $root.Values.monitoring.metricsPort | int64 }}
    {{- end }}
    resources:
      {{- toYaml $step.resources | nindent 6 }}
    securityContext:
      {{- include "ep.containerSecurity" $root | nindent 6 }}
    volumeMounts:
      # /tmp comes with the profile; a step without one writes here.
      - name: scratch
        mountPath: /var/tmp
      {{- include "ep.enrichmentMounts" $root | nindent 6 }}
      {{- include "ep.mounts" (list $root.Values $step $code) | nindent 6 }}
  pod_spec_config:
    serviceAccountName: {{ include "ep.account" (list $root "step") | quote }}
    automountServiceAccountToken: false
    enableServiceLinks: false
    securityContext:
      {{- include "ep.podSecurity" $root.Values.podSecurityContext | nindent 6 }}
    nodeSelector: {}
    tolerations: []
    affinity: {}
    priorityClassName: ""
    volumes:
      - name: scratch
        emptyDir:
          sizeLimit: 2Gi
      {{- include "ep.enrichmentVolumes" $root | nindent 6 }}
      {{- include "ep.volumes" (list $root.Values $step $code) | nindent 6 }}
  pod_template_spec_metadata:
    {{- include "ep.workerMetadata" (list $root $step) | nindent 4 }}
  job_metadata:
    labels:
      {{- include "ep.common" $root | nindent 6 }}
  job_spec_config:
    backoffLimit: 0
    activeDeadlineSeconds: {{ $root.Values.runLauncher.config.k8sRunLauncher.activeDeadlineSeconds | int64 }}
    ttlSecondsAfterFinished: {{ $root.Values.runLauncher.config.k8sRunLauncher.ttlSecondsAfterFinished | int64 }}
{{- end -}}

{{/* The code locations with the defaults that items of a list do not get from values.yaml, as JSON of {items: [...]} */}}
{{- define "ep.deployments" -}}
{{- $defaults := dict "port" 3030 "env" dict "envSecrets" list "envConfigMaps" list "image" dict "nodeSelector" dict "tolerations" list "affinity" dict "volumes" list "volumeMounts" list "annotations" dict "labels" dict "priorityClassName" "" "codeServerArgs" list "dagsterApiGrpcArgs" list "resources" (dict "requests" (dict "cpu" "250m" "memory" "2Gi") "limits" (dict "memory" "2Gi")) -}}
{{- $items := list -}}
{{- $names := dict -}}
{{- range (index .Values "dagster-user-deployments").deployments -}}
{{- if hasKey $names .name }}{{ fail (printf "dagster-user-deployments.deployments: two are called %s" .name) }}{{ end -}}
{{- $_ := set $names .name true -}}
{{- if not (or .dagsterApiGrpcArgs .codeServerArgs) }}{{ fail (printf "dagster-user-deployments.deployments: %s needs dagsterApiGrpcArgs or codeServerArgs" .name) }}{{ end -}}
{{- $items = append $items (merge (deepCopy .) (deepCopy $defaults)) -}}
{{- end -}}
{{- dict "items" $items | toJson -}}
{{- end -}}
