// How each exchange words a refusal, so that stock clients understand ours: held against what stock ccxt
// raises by Tests/Clients/dialects.json and the judge `clients`.

extension ExchangeDialect {
    static let words: [ExchangeName: [Meaning: Wording]] = [
        .binance: [
            .denied: Wording(
                403, json: #"{"code":-1002,"msg":"This key has no operation privilege: MESSAGE"}"#),
            .overLimit: Wording(
                400, json: #"{"code":-2010,"msg":"MESSAGE"}"#),
            .invalidRequest: Wording(
                400, json: #"{"code":-1102,"msg":"MESSAGE"}"#),
            .unauthenticated: Wording(
                401, json: #"{"code":-2014,"msg":"MESSAGE"}"#),
            .throttled: Wording(
                400, json: #"{"code":-1003,"msg":"MESSAGE"}"#),
            .banned: Wording(
                418, json: #"{"code":-1003,"msg":"MESSAGE"}"#),
            .maintenance: Wording(
                503, json: #"{"code":-1016,"msg":"System is under maintenance."}"#),
            .unavailable: Wording(
                503, text: #"MESSAGE"#),
            .outcomeUnknown: Wording(
                504, json: #"{"code":-1007,"msg":"MESSAGE"}"#),
        ],
        .bybit: [
            .denied: Wording(
                200, json: #"{"retCode":10005,"retMsg":"MESSAGE","result":{},"retExtInfo":{}}"#),
            .overLimit: Wording(
                200, json: #"{"retCode":110003,"retMsg":"MESSAGE","result":{},"retExtInfo":{}}"#),
            .invalidRequest: Wording(
                200, json: #"{"retCode":10001,"retMsg":"MESSAGE","result":{},"retExtInfo":{}}"#),
            .unauthenticated: Wording(
                401, json: #"{"retCode":10003,"retMsg":"MESSAGE","result":{},"retExtInfo":{}}"#),
            .throttled: Wording(
                429, json: #"{"retCode":10006,"retMsg":"MESSAGE","result":{},"retExtInfo":{}}"#),
            .banned: Wording(
                418, text: #"MESSAGE"#),
            .maintenance: Wording(
                503, text: #"MESSAGE"#),
            .unavailable: Wording(
                503, text: #"MESSAGE"#),
            .outcomeUnknown: Wording(
                504, json: #"{"retCode":170007,"retMsg":"MESSAGE","result":{},"retExtInfo":{}}"#),
        ],
        .okx: [
            .denied: Wording(
                403, json: #"{"code":"50027","msg":"MESSAGE","data":[]}"#),
            .overLimit: Wording(
                200, json: #"{"code":"51005","msg":"MESSAGE","data":[]}"#),
            .invalidRequest: Wording(
                400, json: #"{"code":"51000","msg":"MESSAGE","data":[]}"#),
            .unauthenticated: Wording(
                401, json: #"{"code":"50111","msg":"MESSAGE","data":[]}"#),
            .throttled: Wording(
                429, json: #"{"code":"50011","msg":"MESSAGE","data":[]}"#),
            .banned: Wording(
                429, json: #"{"code":"60023","msg":"MESSAGE","data":[]}"#),
            .maintenance: Wording(
                503, json: #"{"code":"50001","msg":"MESSAGE","data":[]}"#),
            .unavailable: Wording(
                503, json: #"{"code":"50026","msg":"MESSAGE","data":[]}"#),
            .outcomeUnknown: Wording(
                504, json: #"{"code":"50004","msg":"MESSAGE","data":[]}"#),
        ],
        .kraken: [
            .denied: Wording(
                200, json: #"{"error":["EGeneral:Permission denied","EKeybell:MESSAGE"]}"#),
            .overLimit: Wording(
                200, json: #"{"error":["EOrder:Invalid order:MESSAGE"]}"#),
            .invalidRequest: Wording(
                200, json: #"{"error":["EGeneral:Invalid arguments","EKeybell:MESSAGE"]}"#),
            .unauthenticated: Wording(
                200, json: #"{"error":["EAPI:Invalid key","EKeybell:MESSAGE"]}"#),
            .throttled: Wording(
                200, json: #"{"error":["EGeneral:Rate limit exceeded","EKeybell:MESSAGE"]}"#),
            .banned: Wording(
                200, json: #"{"error":["EGeneral:Temporary lockout","EKeybell:MESSAGE"]}"#),
            .maintenance: Wording(
                200, json: #"{"error":["EService:Market in cancel_only mode","EKeybell:MESSAGE"]}"#),
            .unavailable: Wording(
                503, json: #"{"error":["EService:Unavailable","EKeybell:MESSAGE"]}"#),
            .outcomeUnknown: Wording(
                504, text: #"MESSAGE"#),
        ],
        .coinbase: [
            .denied: Wording(
                403, json: #"{"error":"PERMISSION_DENIED","error_details":"MESSAGE","message":"MESSAGE"}"#),
            .overLimit: Wording(
                200,
                json: #"{"success":false,"failure_reason":"UNKNOWN_FAILURE_REASON","order_id":"","#
                    + #""error_response":{"error":"UNKNOWN_FAILURE_REASON","message":"MESSAGE","#
                    + #""error_details":"MESSAGE","#
                    + #""preview_failure_reason":"PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE"}}"#
            ),
            .invalidRequest: Wording(
                400, json: #"{"error":"INVALID_ARGUMENT","error_details":"MESSAGE","message":"MESSAGE"}"#),
            .unauthenticated: Wording(
                401, json: #"{"error":"unauthorized","error_details":"MESSAGE","message":"MESSAGE"}"#),
            .throttled: Wording(
                429, json: #"{"error":"rate_limit_exceeded","error_details":"MESSAGE","message":"MESSAGE"}"#),
            .banned: Wording(
                418, text: #"MESSAGE"#),
            .maintenance: Wording(
                503, text: #"MESSAGE"#),
            .unavailable: Wording(
                503, text: #"MESSAGE"#),
            .outcomeUnknown: Wording(
                504, text: #"MESSAGE"#),
        ],
        .kucoin: [
            .denied: Wording(
                403, json: #"{"code":"130302","msg":"MESSAGE"}"#),
            .overLimit: Wording(
                400, json: #"{"code":"300000","msg":"MESSAGE"}"#),
            .invalidRequest: Wording(
                400, json: #"{"code":"400100","msg":"MESSAGE"}"#),
            .unauthenticated: Wording(
                401, json: #"{"code":"400003","msg":"MESSAGE"}"#),
            .throttled: Wording(
                429, json: #"{"code":"429000","msg":"MESSAGE"}"#),
            .banned: Wording(
                418, text: #"MESSAGE"#),
            .maintenance: Wording(
                503, json: #"{"code":"503","msg":"MESSAGE"}"#),
            .unavailable: Wording(
                503, json: #"{"code":"500000","msg":"MESSAGE"}"#),
            .outcomeUnknown: Wording(
                504, text: #"MESSAGE"#),
        ],
        .gate: [
            .denied: Wording(
                403, json: #"{"label":"FORBIDDEN","message":"MESSAGE"}"#),
            .overLimit: Wording(
                400, json: #"{"label":"AMOUNT_TOO_MUCH","message":"MESSAGE"}"#),
            .invalidRequest: Wording(
                400, json: #"{"label":"INVALID_PARAM_VALUE","message":"MESSAGE"}"#),
            .unauthenticated: Wording(
                401, json: #"{"label":"INVALID_KEY","message":"MESSAGE"}"#),
            .throttled: Wording(
                429, json: #"{"label":"TOO_MANY_REQUESTS","message":"MESSAGE"}"#),
            .banned: Wording(
                418, text: #"MESSAGE"#),
            .maintenance: Wording(
                503, json: #"{"label":"TOO_BUSY","message":"MESSAGE"}"#),
            .unavailable: Wording(
                503, json: #"{"label":"SERVER_ERROR","message":"MESSAGE"}"#),
            .outcomeUnknown: Wording(
                504, text: #"MESSAGE"#),
        ],
        .bitget: [
            .denied: Wording(
                403, json: #"{"code":"40014","msg":"MESSAGE","requestTime":0,"data":null}"#),
            .overLimit: Wording(
                400, json: #"{"code":"45113","msg":"MESSAGE","requestTime":0,"data":null}"#),
            .invalidRequest: Wording(
                400, json: #"{"code":"40017","msg":"MESSAGE","requestTime":0,"data":null}"#),
            .unauthenticated: Wording(
                400, json: #"{"code":"40037","msg":"MESSAGE","requestTime":0,"data":null}"#),
            .throttled: Wording(
                429, json: #"{"code":"50009","msg":"MESSAGE","requestTime":0,"data":null}"#),
            .banned: Wording(
                429, json: #"{"code":"429","msg":"MESSAGE","requestTime":0,"data":null}"#),
            .maintenance: Wording(
                503, json: #"{"code":"40200","msg":"MESSAGE","requestTime":0,"data":null}"#),
            .unavailable: Wording(
                503, json: #"{"code":"500","msg":"MESSAGE","requestTime":0,"data":null}"#),
            .outcomeUnknown: Wording(
                504, json: #"{"code":"50008","msg":"MESSAGE","requestTime":0,"data":null}"#),
        ],
        .mexc: [
            .denied: Wording(
                403, json: #"{"success":false,"code":403,"msg":"MESSAGE","message":"MESSAGE"}"#),
            .overLimit: Wording(
                400, json: #"{"success":false,"code":30003,"msg":"MESSAGE","message":"MESSAGE"}"#),
            .invalidRequest: Wording(
                400, json: #"{"success":false,"code":400,"msg":"MESSAGE","message":"MESSAGE"}"#),
            .unauthenticated: Wording(
                401, json: #"{"success":false,"code":401,"msg":"MESSAGE","message":"MESSAGE"}"#),
            .throttled: Wording(
                429, json: #"{"success":false,"code":429,"msg":"MESSAGE","message":"MESSAGE"}"#),
            .banned: Wording(
                418, text: #"MESSAGE"#),
            .maintenance: Wording(
                503, json: #"{"success":false,"code":801,"msg":"MESSAGE","message":"MESSAGE"}"#),
            .unavailable: Wording(
                503, json: #"{"success":false,"code":503,"msg":"MESSAGE","message":"MESSAGE"}"#),
            .outcomeUnknown: Wording(
                504, json: #"{"success":false,"code":504,"msg":"MESSAGE","message":"MESSAGE"}"#),
        ],
    ]
}
