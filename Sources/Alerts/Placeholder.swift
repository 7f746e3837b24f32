enum AlertsRoom {}
