// tus-js-client sends a file: client.mjs URL FILE [with-creation|parallel]. Prints the song that it became.
import { createReadStream } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

// Its packages are those of the folder that it is started in.
const tus = createRequire(join(process.cwd(), 'package.json'))('tus-js-client')

const [endpoint, path, ...wishes] = process.argv.slice(2)
const parallel = wishes.includes('parallel')

const upload = new tus.Upload(createReadStream(path), {
  endpoint,
  chunkSize: parallel ? Infinity : 250_000,
  uploadDataDuringCreation: wishes.includes('with-creation'),
  parallelUploads: parallel ? 4 : 1,
  retryDelays: Array(60).fill(50),
  metadata: { filename: 'x.flac', filetype: 'audio/flac', title: 'A song – ähm' },
  onError(error) {
    console.error(error)
    process.exit(1)
  },
  onSuccess({ lastResponse }) {
    console.log(lastResponse.getHeader('Segue-Song'))
  },
})
upload.start()
