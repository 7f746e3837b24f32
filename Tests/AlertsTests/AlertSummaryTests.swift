import Events
import JSON
import Testing

@testable import Alerts

struct AlertSummaryTests {
    /// As events are read: from JSON.
    private func told(_ previous: String, _ grade: String) throws -> String {
        let event = try JSONValue.parse(
            #"{"symbol": "SOL", "interval": "1d", "previous": \#(previous), "grade": \#(grade)}"#)
        return AlertSummary.sentence(.gradeChanged, try #require(event.asObject))
    }

    @Test(arguments: [
        ("69", "69"), ("69.5", "69.5"), ("69.25", "69.25"), ("0.125", "0.125"), ("69.125001", "69.13"),
        ("70.1000001", "70.10"), ("69.99999", "70.00"), ("7.0400001", "7.04"), ("0.0012345", "0.00"),
        ("-12.34567", "-12.35"), ("-0.0012345", "0.00"), ("7.1e-05", "0.00"), ("123456.789", "123456.79"),
        ("1234567890.123", "1234567890.123"), ("null", "–"),
    ])
    func `a grade is told with two decimals, unless it is short`(_ number: String, _ word: String) throws {
        #expect(try told(number, "80") == "SOL 1d went from \(word) to 80")
        #expect(try told("80", number) == "SOL 1d went from 80 to \(word)")
    }
}
