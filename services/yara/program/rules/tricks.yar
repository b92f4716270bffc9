/* Tricks that files play on people. What is common in honest files is not here; what is left is a guess, and said to be one. */

rule Atoll_Test_Rule
{
    meta:
        description = "The mark that Atoll's own tests look for"
    strings:
        $mark = "ATOLL-TEST-RULE-5b1f0c7e"
    condition:
        $mark
}

rule Desktop_Entry_Runs_Hidden_Command
{
    meta:
        description = "A launcher of a desktop that decodes what it runs, or fetches it"
        verdict = "suspicious"
    strings:
        $entry = "[Desktop Entry]"
        $shell = /Exec\s*=\s*(\/usr)?(\/bin\/)?(env\s+)?(ba|da)?sh\s+-c[^\n]{0,2000}(base64\s+(-d|--decode)|curl\s|wget\s)/
    condition:
        $entry in (0..4096) and $shell
}

rule Script_Runs_What_It_Decodes
{
    meta:
        description = "A script of a shell whose content is encoded, and run"
        verdict = "suspicious"
    strings:
        $decoded = /base64\s+(-d|--decode)\s*\|\s*(sudo\s+)?(ba|da)?sh\b/
    condition:
        uint16(0) == 0x2123 and $decoded
}

rule PDF_Starts_Program
{
    meta:
        description = "A document that starts a program when it is opened"
        verdict = "suspicious"
    strings:
        $launch = /\/S\s*\/Launch\b/
        $open = /\/(OpenAction|AA)\b/
    condition:
        uint32(0) == 0x46445025 and $launch and $open
}

rule Office_Macro_Opens_Shell
{
    meta:
        description = "A macro that runs by itself and starts a shell"
        verdict = "suspicious"
    strings:
        $auto = /\b(AutoOpen|Auto_Open|Document_Open|Workbook_Open)\b/ nocase
        $shell = /\b(WScript\.Shell|Shell\s*\(|powershell)/ nocase
    condition:
        uint32(0) == 0xe011cfd0 and $auto and $shell
}
