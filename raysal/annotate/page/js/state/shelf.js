/**
 * Where drawings lie in the browser until the server has confirmed them (IndexedDB).
 * @typedef {import('../types.js').Unsent} Unsent
 */

const NAME = 'raysal-annotate';
const STORE = 'unsent';

/**
 * @typedef {object} Shelf
 * @property {(record: Unsent) => Promise<void>} put rejects if there is no space
 * @property {(id: string) => Promise<void>} remove
 * @property {() => Promise<Unsent[]>} all
 */

/**
 * Open the database; rejects where the browser has none, as in some private windows.
 * @returns {Promise<Shelf>}
 */
export async function openShelf() {
  /** @type {IDBDatabase} */
  const database = await new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('another tab holds an older database'));
  });
  // A newer page in another tab may want to change the database.
  database.onversionchange = () => database.close();
  return {
    put: (record) => write(database, (store) => store.put(record)),
    remove: (id) => write(database, (store) => store.delete(id)),
    all: () =>
      new Promise((resolve, reject) => {
        const request = database.transaction(STORE).objectStore(STORE).getAll();
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      }),
  };
}

/**
 * For browsers without a database: as long as the page is open.
 * @returns {Shelf}
 */
export function shelfInMemory() {
  /** @type {Map<string, Unsent>} */
  const records = new Map();
  return {
    put: async (record) => void records.set(record.id, record),
    remove: async (id) => void records.delete(id),
    all: async () => [...records.values()],
  };
}

/**
 * @param {IDBDatabase} database
 * @param {(store: IDBObjectStore) => void} change
 * @returns {Promise<void>}
 */
function write(database, change) {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, 'readwrite');
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    transaction.onerror = () => reject(transaction.error);
    change(transaction.objectStore(STORE));
    transaction.commit?.();
  });
}
