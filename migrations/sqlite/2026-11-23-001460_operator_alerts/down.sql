DROP TABLE webhook_deliveries;
DROP TABLE operator_alerts;
