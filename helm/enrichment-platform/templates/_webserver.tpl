{{/* A webserver and its Service. (list root readOnly) */}}
{{- define "ep.webserver" -}}
{{- $root := index . 0 -}}
{{- $readOnly := index . 1 -}}
{{- $web := $root.Values.dagsterWebserver -}}
{{- $component := ternary "read-only-webserver" "webserver" $readOnly -}}
{{- $name := printf "%s-%s" (include "ep.fullname" $root) $component -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  labels:
    {{- include "ep.labels" (list $root $component) | nindent 4 }}
spec:
  replicas: {{ $web.replicaCount | int64 }}
  revisionHistoryLimit: 5
  selector:
    matchLabels:
      {{- include "ep.selector" (list $root $component) | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "ep.labels" (list $root $component) | nindent 8 }}
        {{- with $web.labels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        # /tmp is nothing that a node has to be kept for.
        cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes: {{ include "ep.emptyVolumes" (list $root.Values $web) }}
        checksum/instance: {{ include (print $root.Template.BasePath "/configmap-instance.yaml") $root | sha256sum }}
        checksum/workspace: {{ include (print $root.Template.BasePath "/configmap-workspace.yaml") $root | sha256sum }}
        {{- with $web.annotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      {{- if $readOnly }}
      serviceAccountName: {{ include "ep.account" (list $root "idle") | quote }}
      automountServiceAccountToken: false
      {{- else }}
      serviceAccountName: {{ include "ep.account" (list $root "webserver") | quote }}
      automountServiceAccountToken: true
      {{- end }}
      enableServiceLinks: false
      {{- with include "ep.pullSecrets" $root | trim }}
      {{- . | nindent 6 }}
      {{- end }}
      securityContext:
        {{- include "ep.podSecurity" $root.Values.podSecurityContext | nindent 8 }}
      {{- with include "ep.placement" $web | trim }}
      {{- . | nindent 6 }}
      {{- end }}
      {{- if gt (int $web.replicaCount) 1 }}
      topologySpreadConstraints:
        - topologyKey: kubernetes.io/hostname
          maxSkew: 1
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "ep.selector" (list $root $component) | nindent 14 }}
      {{- end }}
      {{- with include "ep.waitForPostgresql" $root | trim }}
      {{- . | nindent 6 }}
      {{- end }}
      containers:
        - name: dagster-webserver
          image: {{ include "ep.image" (list $root $web.image) }}
          imagePullPolicy: {{ include "ep.pullPolicy" (list $root $web.image) }}
          command: [dagster-webserver]
          args:
            - --host
            - 0.0.0.0
            - --port
            - "3000"
            - --workspace
            - /etc/dagster/workspace.yaml
            - --db-statement-timeout
            - {{ $web.dbStatementTimeout | int64 | toString | quote }}
            - --db-pool-recycle
            - {{ $web.dbPoolRecycle | int64 | toString | quote }}
            - --log-level
            - {{ $web.logLevel }}
            {{- with $web.pathPrefix }}
            - --path-prefix
            - {{ . }}
            {{- end }}
            {{- if $readOnly }}
            - --read-only
            {{- end }}
          env:
            {{- include "ep.instanceEnv" $root | nindent 12 }}
            {{- include "ep.plainEnv" $web.env | nindent 12 }}
          {{- with include "ep.envFrom" (list $web) | trim }}
          envFrom:
            {{- . | nindent 12 }}
          {{- end }}
          ports:
            - name: http
              containerPort: 3000
          startupProbe:
            httpGet:
              path: {{ $web.pathPrefix }}/server_info
              port: http
            periodSeconds: 3
            timeoutSeconds: 3
            failureThreshold: 100
          readinessProbe:
            httpGet:
              path: {{ $web.pathPrefix }}/server_info
              port: http
            periodSeconds: 10
            timeoutSeconds: 5
          livenessProbe:
            httpGet:
              path: {{ $web.pathPrefix }}/server_info
              port: http
            periodSeconds: 20
            timeoutSeconds: 10
            failureThreshold: 6
          resources:
            {{- toYaml $web.resources | nindent 12 }}
          securityContext:
            {{- include "ep.containerSecurity" $root | nindent 12 }}
          volumeMounts:
            - name: instance
              mountPath: {{ $root.Values.global.dagsterHome }}/dagster.yaml
              subPath: {{ ternary "dagster-read-only.yaml" "dagster.yaml" $readOnly }}
              readOnly: true
            - name: workspace
              mountPath: /etc/dagster
              readOnly: true
            - name: tmp
              mountPath: /tmp
            {{- include "ep.logMount" $root | nindent 12 }}
            {{- include "ep.mounts" (list $root.Values $web) | nindent 12 }}
      volumes:
        - name: instance
          configMap:
            name: {{ include "ep.fullname" $root }}-instance
        - name: workspace
          configMap:
            name: {{ include "ep.fullname" $root }}-workspace
        - name: tmp
          emptyDir:
            sizeLimit: 1Gi
        {{- include "ep.logVolume" $root | nindent 8 }}
        {{- include "ep.volumes" (list $root.Values $web) | nindent 8 }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
  labels:
    {{- include "ep.labels" (list $root $component) | nindent 4 }}
  {{- with $web.service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ $web.service.type }}
  selector:
    {{- include "ep.selector" (list $root $component) | nindent 4 }}
  ports:
    - name: http
      port: {{ $web.service.port | int64 }}
      targetPort: http
{{- end -}}
