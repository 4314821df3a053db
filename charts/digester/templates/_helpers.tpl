{{- define "digester.namespace" -}}
{{ .Values.namespace.name | default .Release.Namespace }}
{{- end }}

{{- define "digester.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "digester.service" -}}
digester-webhook-service.{{ include "digester.namespace" . }}.svc
{{- end }}

{{- /* What selectors know: k8s-digester's, and immutable in a Deployment. */ -}}
{{- define "digester.selector" -}}
control-plane: controller-manager
digester/operation: webhook
digester/system: "yes"
{{- end }}

{{- define "digester.namespaceSelector" -}}
matchLabels:
  {{- toYaml .Values.webhook.namespaceLabels | nindent 2 }}
matchExpressions:
- key: kubernetes.io/metadata.name
  operator: NotIn
  values:
  {{- toYaml (append .Values.webhook.excludeNamespaces (include "digester.namespace" .) | uniq) | nindent 2 }}
{{- end }}
