import HTTPServer
import JSON
import TestSupport
import Testing

@testable import Service

/// Every error code is explained: in the contract's table, and on a page of its own.
struct ProblemPageTests {
    @Test func `every error code of the contract has its page`() async throws {
        let contract = try Contract.shared()
        try await Premises.open { _, premises in
            for code in contract.names(of: "x-problem-codes") {
                let page = try await premises.call("GET", "/problems/\(code)")
                #expect(page.status == 200, "\(code)")
                let row = contract.component("x-problem-codes")?[code]
                #expect(page.json["code"]?.asString == code)
                for field in ["status", "title", "meaning", "remedy"] {
                    #expect(page.json[field] == row?[field] && row?[field] != nil, "\(code) \(field)")
                }
            }
            #expect(try await premises.call("GET", "/problems/unheard_of").status == 404)
            #expect(premises.mistakes == [])
        }
    }

    @Test func `the codes of the sources are those of the contract, with status and title`() throws {
        let contract = try Contract.shared()
        let files = try SourceText.all()
        let codes = files.flatMap { Self.codes(in: $0.code) }
        let made = files.reduce(0) { $0 + $1.code.ranges(of: "ProblemCode(").count }
        #expect(codes.count == made, "a code is made in a way that cannot be read here")
        #expect(Set(codes.map(\.code)) == Set(contract.names(of: "x-problem-codes")))
        let statuses = try Self.statuses(files)
        for code in codes {
            let row = contract.component("x-problem-codes")?[code.code]
            #expect(row?["title"]?.asString == code.title, "\(code.code)")
            #expect(row?["status"]?.asInt == statuses[code.status], "\(code.code)")
        }
    }

    @Test(arguments: RequestError.allCases)
    func `what breaks the rules of HTTP is refused with a code of the contract`(error: RequestError) throws {
        let row = try #require(try Contract.shared().component("x-problem-codes")?[error.problemCode.code])
        #expect(error.problemCode.status == error.status)
        #expect(row["status"]?.asInt == Int64(error.status.code))
    }

    private static func codes(in text: String) -> [(code: String, status: String, title: String)] {
        text.matches(of: #/ProblemCode\(\s*"(\w+)",\s*\.(\w+),\s*"([^"]*)"\)/#).map {
            (String($0.output.1), String($0.output.2), String($0.output.3))
        }
    }

    /// The numbers of the names.
    private static func statuses(_ files: [SourceText.File]) throws -> [String: Int64] {
        let file = try #require(files.first { $0.path == "HTTPServer/Response/HTTPStatus.swift" })
        let found = file.code.matches(of: #/static let `?(\w+)`? = HTTPStatus\((\d+)\)/#)
        return Dictionary(uniqueKeysWithValues: found.map { (String($0.output.1), Int64($0.output.2) ?? 0) })
    }
}
