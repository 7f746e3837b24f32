import Testing

/// The built service as a process, on real databases. One after another: the horizon of events spans a whole
/// server, so a test that holds it back would hold back its neighbours.
@Suite(.serialized) struct IntegrationTests {}
