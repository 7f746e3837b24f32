enum IntegrationPlaceholder {}
