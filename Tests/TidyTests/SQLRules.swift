/// T21: a statement's text never depends on a value. It is a literal without interpolation, and nothing is
/// joined to it but another literal.
enum SQLRules {
    /// Files that build a statement from parts of their own, and why that is safe.
    static let allowed = [
        "Sources/Postgres/Migrator.swift":
            "hexadecimal digits, and names that MigrationPlan holds to a-z, 0-9 and _",
        "Sources/Identity/AccessTokens/AccessTokenStore.swift":
            "a constant list of columns; one statement for each sort",
        "Sources/Identity/BreakGlass/BreakGlassStore.swift": "a constant list of columns",
        "Sources/Identity/Factors/FactorStore.swift": "a constant list of columns",
        "Sources/Identity/Approvals/ApprovalRuleStore.swift": "a constant list of columns",
        "Sources/Identity/Approvals/ApprovalStore.swift": "a constant list of columns",
        "Sources/Identity/Grants/GrantStore.swift": "a constant list of columns; one statement for each sort",
        "Sources/Access/Sight+SQL.swift": "the number of a parameter; columns that stand in the code",
        "Sources/Identity/Groups/GroupStore.swift": "a constant list of columns; one statement for each sort",
        "Sources/Identity/Roles/RoleStore.swift": "a constant list of columns",
        "Sources/Keys/Accounts/AccountRow.swift": "the numbers of two parameters; constant names of columns",
        "Sources/Keys/Rotation/RotationSearch.swift": "the number of a parameter; constant names of columns",
        "Sources/Identity/Principals/PrincipalList.swift":
            "a constant list of columns; one statement for each sort",
        "Sources/Identity/Principals/PrincipalStore.swift": "a constant list of columns",
        "Sources/Identity/Sessions/SessionList.swift": "a constant list of columns",
        "Sources/Identity/Sessions/SessionStore.swift": "a constant list of columns",
        "Sources/Market/Investor/InvestorStore.swift":
            "a constant list of columns; one statement for each sort",
        "Sources/Market/Facts/FactStore.swift": "a constant join that other statements share",
        "Sources/Market/Facts/MetricStore.swift": "a constant join that other statements share",
        "Sources/Market/Movers/MoverListStore.swift": "a constant join that other statements share",
        "Sources/Market/Narratives/NarrativeStore.swift": "a constant join that other statements share",
        "Sources/Market/Closes/MarketCloseStore.swift": "a constant expression that two statements share",
        "Sources/Market/Overview/MarketReading.swift": "a constant list of columns",
        "Sources/Postgres/PrivateCluster.swift": "the cluster's one database, named by a constant",
        "Sources/Signals/Candles/CandleArchive.swift": "a constant condition that other statements share",
        "Sources/Signals/Candles/CandleReads.swift":
            "a constant list of columns; one statement for each order",
        "Sources/Signals/Grades/GradeReads.swift": "a constant list of columns; one statement for each order",
        "Sources/Signals/Analysis/MarketGates.swift": "a constant condition that other statements share",
        "Sources/Signals/Tokens/SeriesFinder.swift": "a constant list of columns",
        "Sources/Signals/Tokens/SeriesFinder+Missing.swift":
            "a constant condition that other statements share",
        "Sources/Signals/Candles/GapReads.swift": "a constant list of columns; one statement for each way",
        "Sources/Signals/Signals/Calibration.swift": "one statement of now and one of the past",
        "Sources/Signals/Tokens/SeriesStore.swift": "one statement for many rows and one for one row",
        "Sources/Signals/Tokens/TickerStore.swift": "one statement for many rows and one for one row",
        "Sources/Signals/Tokens/SeriesReads.swift":
            "a constant list of columns; one statement for each filter",
        "Sources/Signals/Tokens/SeriesQueue.swift": "a constant list of columns",
        "Sources/Signals/Analysis/SignalJobs.swift": "a constant list of columns",
        "Sources/Signals/Tokens/SeriesFreshness.swift": "the lengths of our own intervals",
        "Sources/Signals/Signals/SuppliedMarks.swift": "the lengths of our own intervals",
        "Sources/Signals/Feeds/CandleFeedStore.swift": "a constant list of columns",
        "Sources/Signals/Retelling/CandleRetelling.swift":
            "a constant list of columns, and the lengths of our own intervals",
        "Sources/Signals/Signals/SignalReads.swift":
            "a constant list of columns; one statement for each sort",
        "Sources/Signals/Tokens/TokenStore.swift": "a constant list of columns",
        "Sources/TokenMetrics/Rows/CloseHistory.swift": "a constant condition that other statements share",
        "Sources/TokenMetrics/Rows/Correlation.swift": "a constant condition that other statements share",
        "Sources/TokenMetrics/Rows/DayGrades.swift": "a constant condition that other statements share",
        "Sources/TokenMetrics/Rows/OHLCV.swift": "a constant condition that other statements share",
        "Sources/TokenMetrics/Rows/SignalOfCandle.swift": "a constant condition that other statements share",
    ]

    static func builtStatements(_ file: SwiftText) -> [Violation] {
        if allowed[file.path] != nil { return [] }
        return file.literals.compactMap { literal in
            guard isStatement(file.text(literal)) else { return nil }
            let line = file.line(at: literal.range.lowerBound)
            if literal.isInterpolated {
                return Violation(path: file.path, line: line, what: "a value is interpolated into SQL")
            }
            guard isJoinedToValue(literal, in: file.code) else { return nil }
            return Violation(path: file.path, line: line, what: "a value is joined to SQL")
        }
    }

    static func isStatement(_ literal: String) -> Bool {
        let words = literal.split { $0.isWhitespace || $0 == "\"" || $0 == "(" || $0 == ")" }.map(String.init)
        let text = words.joined(separator: " ")
        let starts = [
            "select ", "with ", "update ", "delete from ", "insert into ", "copy ", "notify ", "listen ",
        ]
        let isVerb = starts.contains { text.hasPrefix($0) }
        return text.contains("insert into ") || text.contains("delete from ")
            || words.contains("update") && words.contains("set")
            || words.contains("select") && (words.contains("from") || text.hasPrefix("select "))
            || isVerb && (words.contains("as") || words.contains("stdin") || words.contains("stdout"))
    }

    private static func isJoinedToValue(_ literal: SwiftText.Literal, in code: [UInt8]) -> Bool {
        let rest = code[literal.range.upperBound...].drop { $0 == .space || $0 == .newline }
        guard rest.first == UInt8(ascii: "+") else { return false }
        let operand = rest.dropFirst().first { $0 != .space && $0 != .newline }
        return operand != .quote && operand != .hash
    }
}
