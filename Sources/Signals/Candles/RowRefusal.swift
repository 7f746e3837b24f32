import HTTPServer
package import Kernel

/// Why one row of an upload is not taken. The rows around it are.
package enum RowRefusal: Error, Equatable, Sendable {
    case lineTooLong
    case unclosedQuote
    case fieldCount(expected: Int, found: Int)
    case malformedObject(String)
    case missing(CandleField)
    case notText(CandleField)
    case notANumber(CandleField, String)
    case notABoolean(String)
    case notATime(String)
    case unknownInterval(String)
    case nonFinite(CandleField)
    case notPositivePrice
    case highBelowOpenOrClose(Double)
    case lowAboveOpenOrClose(Double)
    case negativeVolume(Double)
    case outOfRange(CandleField, Double)
    case tooEarly(Timestamp)
    case misaligned(Timestamp, Interval)
    case inTheFuture(Timestamp)
    case notClosed(Timestamp)
    case notASymbol
    case intervalMismatch(Interval, Interval)
    case tokenMismatch(String, String)
    case sourceMismatch(String, String)

    /// A word for programs; part of the contract.
    package var code: String {
        switch self {
        case .lineTooLong: "line_too_long"
        case .unclosedQuote, .fieldCount, .malformedObject, .notText, .notANumber, .notABoolean, .notATime,
            .notASymbol:
            "malformed"
        case .missing: "missing"
        case .unknownInterval: "unknown_interval"
        case .nonFinite: "not_finite"
        case .notPositivePrice: "not_positive"
        case .highBelowOpenOrClose: "high_too_low"
        case .lowAboveOpenOrClose: "low_too_high"
        case .negativeVolume: "negative_volume"
        case .outOfRange: "out_of_range"
        case .tooEarly: "too_early"
        case .misaligned: "misaligned"
        case .inTheFuture: "in_the_future"
        case .notClosed: "not_closed"
        case .intervalMismatch: "interval_mismatch"
        case .tokenMismatch: "token_mismatch"
        case .sourceMismatch: "source_mismatch"
        }
    }

    /// A sentence for people.
    package var message: String {
        switch self {
        case .lineTooLong: "the row is longer than \(LineSplitter.longestLine) bytes"
        case .unclosedQuote: "a quote is not closed on its line"
        case .fieldCount(let expected, let found): "\(found) fields where the header has \(expected)"
        case .malformedObject(let reason): reason
        case .missing(let field): "\(field.rawValue) is missing"
        case .notText(let field): "\(field.rawValue) is not a text of 1 to \(CandleDraft.longestName) bytes"
        case .notANumber(let field, let text): "\(field.rawValue) is not a number: \(text)"
        case .notABoolean(let text): "closed is neither true nor false: \(text)"
        case .notATime(let text):
            "open_time is neither RFC 3339 nor milliseconds since 1970 (to the year 9999; 16 digits are "
                + "microseconds): \(text)"
        case .unknownInterval(let text):
            "interval \(text) is none of \(Interval.allCases.map(\.rawValue).joined(separator: ", "))"
        case .nonFinite(let field): "\(field.rawValue) is not finite"
        case .notPositivePrice: "a price is not above zero"
        case .highBelowOpenOrClose(let high): "high \(high) is below open or close"
        case .lowAboveOpenOrClose(let low): "low \(low) is above open or close"
        case .negativeVolume(let volume): "volume \(volume) is negative"
        case .outOfRange(.volume, let volume):
            "volume \(volume) is neither 0 nor from 1e-30 to 1e30"
        case .outOfRange(let field, let price): "\(field.rawValue) \(price) is not from 1e-15 to 1e15"
        case .tooEarly(let time):
            "open_time \(time) must not be before \(Candle.earliest); digits alone are milliseconds since "
                + "1970, not seconds"
        case .misaligned(let time, .week): "\(time) is not a Monday, 00:00 UTC"
        case .misaligned(let time, let interval): "\(time) is not a multiple of \(interval.rawValue) in UTC"
        case .inTheFuture(let time): "\(time) is in the future"
        case .notASymbol:
            "token is not a ticker of up to \(Token.longestSymbol) capital letters, digits, dots, dashes and "
                + "underscores, of which the first is a letter or a digit"
        case .intervalMismatch(let row, let query):
            "the row says \(row.rawValue), the address \(query.rawValue)"
        case .tokenMismatch(let row, let query): "the row says \(row), the address \(query)"
        case .sourceMismatch(let row, let query): "the row says \(row), the address \(query)"
        case .notClosed(let end): "the row says closed, but the candle ends only at \(end)"
        }
    }
}

/// Why a whole upload cannot be read any further.
package enum CandleFormatError: Error, Equatable, Sendable {
    case empty
    case missingColumns([String])
    case repeatedColumn(String)
    case tooManyColumns
    case unreadableHeader
    case malformedArray(row: Int)
    case truncatedArray(row: Int)

    package var message: String {
        switch self {
        case .empty: "there are no rows"
        case .missingColumns(let names):
            "neither the header nor the address gives \(names.joined(separator: ", "))"
        case .repeatedColumn(let name): "the header names \(name) twice"
        case .tooManyColumns: "the header has more than \(CSVCandles.mostColumns) columns"
        case .unreadableHeader: "the header line cannot be read"
        case .malformedArray(let row): "after \(row) rows: not an array of arrays"
        case .truncatedArray(let row): "after \(row) rows: the array ends too early"
        }
    }
}
