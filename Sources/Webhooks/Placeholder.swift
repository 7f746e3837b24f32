enum WebhooksRoom {}
