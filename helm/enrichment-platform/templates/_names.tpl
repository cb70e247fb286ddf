{{/* Names, labels, images, accounts. */}}

{{- define "ep.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* What all names begin with; names of Services have no dots and begin with a letter. */}}
{{- define "ep.fullname" -}}
{{- $name := .Values.fullnameOverride -}}
{{- if not $name -}}
{{- $name = .Release.Name -}}
{{- if not (contains (include "ep.name" .) $name) }}{{ $name = printf "%s-%s" $name (include "ep.name" .) }}{{ end -}}
{{- end -}}
{{- if regexMatch "^[0-9]" $name }}{{ $name = printf "r%s" $name }}{{ end -}}
{{- $name | replace "." "-" | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* (list root location): Deployment and Service of a code location; a long name is cut, and ends with a hash of the location */}}
{{- define "ep.code" -}}
{{- $location := index . 1 -}}
{{- $name := printf "%s-code-%s" (include "ep.fullname" (index . 0)) $location -}}
{{- if gt (len $name) 63 -}}
{{- $name = printf "%s-%s" ($name | trunc 54 | trimSuffix "-") ($location | sha256sum | trunc 8) -}}
{{- end -}}
{{- $name -}}
{{- end -}}

{{/* Of every pod, run and step pods included: what network policies and selectors go by. */}}
{{- define "ep.common" -}}
app.kubernetes.io/name: {{ include "ep.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* (list root component) */}}
{{- define "ep.selector" -}}
{{ include "ep.common" (index . 0) }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* (list root component) */}}
{{- define "ep.labels" -}}
{{- $root := index . 0 -}}
{{ include "ep.selector" . }}
app.kubernetes.io/part-of: enrichment-platform
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" | quote }}
{{- end -}}

{{/* (list root override): a component's image, with what it leaves open from `image` */}}
{{- define "ep.image" -}}
{{- $root := index . 0 -}}
{{- $own := index . 1 | default dict -}}
{{- $all := $root.Values.image -}}
{{- $repository := $own.repository | default $all.repository -}}
{{- $digest := $own.digest -}}
{{- if not (or $own.digest $own.repository $own.tag) }}{{ $digest = $all.digest }}{{ end -}}
{{- if $digest -}}
{{- printf "%s@%s" $repository $digest -}}
{{- else -}}
{{- printf "%s:%s" $repository ($own.tag | default $all.tag | default $root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* (list root override) */}}
{{- define "ep.pullPolicy" -}}
{{- (index . 1 | default dict).pullPolicy | default (index . 0).Values.image.pullPolicy | default "IfNotPresent" -}}
{{- end -}}

{{/* (list root kind): name of the ServiceAccount of a kind of pod */}}
{{- define "ep.account" -}}
{{- $root := index . 0 -}}
{{- $kind := index . 1 -}}
{{- $given := (index $root.Values.serviceAccount $kind).name -}}
{{- if and (not $given) (not $root.Values.serviceAccount.create) -}}
{{- fail (printf "serviceAccount.%s.name is needed where serviceAccount.create is false" $kind) -}}
{{- end -}}
{{- $given | default (printf "%s-%s" (include "ep.fullname" $root) $kind) -}}
{{- end -}}

{{- define "ep.pullSecrets" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
