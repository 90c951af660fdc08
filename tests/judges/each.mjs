// Lets a judge look at each file that is named, and prints what it says, a line of JSON each.
export function each(judge) {
    for (const path of process.argv.slice(2)) {
        let verdict;
        try {
            verdict = judge(path);
        } catch (error) {
            verdict = { complaint: String(error) };
        }
        console.log(JSON.stringify(verdict));
    }
}
