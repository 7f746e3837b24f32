import TestSupport
import Testing

extension IntegrationTests {
    /// The demo as a reader of README.md starts it, on the binary under test.
    @Suite struct DemoTests {
        @Test func `the demo runs from the first owner to the verified trail`() async throws {
            let folder = try TestFolder()
            defer { folder.remove() }
            let (code, output) = try await runToEnd(
                [
                    "/usr/bin/env", "python3", "\(projectFolder())/Scripts/demo", "--binary",
                    RunningNode.binary(),
                ],
                environment: ["TMPDIR": folder.path], in: folder, seconds: 240)
            #expect(code == 0, Comment(rawValue: String(output.suffix(4_000))))
        }
    }
}
